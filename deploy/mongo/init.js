// Run by init.sh with mongosh. Every step looks first whether it is done, so a second run changes nothing.
const { readFileSync } = require("node:fs");
const secret = (name) => readFileSync(`/run/secrets/${name}`, "utf8").trim();
const members = ["mongo1", "mongo2", "mongo3"];
const admin = db.getSiblingDB("admin");

function authenticated() {
  try {
    return admin.auth("admin", secret("mongo_admin_password")).ok === 1;
  } catch (error) {
    if (error.codeName === "AuthenticationFailed") return false;
    throw error;
  }
}

if (db.hello().isreplicaset) {
  // That answer means: started for a replica set that does not exist yet. mongo1 is preferred, so that it becomes the
  // primary here, where the first user can be made over its loopback address.
  rs.initiate({ _id: "rs0", members: members.map((host, i) => ({ _id: i, host: `${host}:27017`, priority: i === 0 ? 2 : 1 })) });
  print("replica set made");
}

for (let waited = 0; !db.hello().isWritablePrimary; waited += 1) {
  if (waited === 120) throw new Error("mongo1 has not become the primary within two minutes: read the log of mongo1, then start this job again.");
  sleep(1000);
}

if (!authenticated()) {
  admin.createUser({ user: "admin", pwd: secret("mongo_admin_password"), roles: ["root"] });
  print("administrator made");
  if (!authenticated()) throw new Error("the administrator was made but cannot sign in: compare the secret mongo_admin_password.");
}

// Least privilege: read and write in one database. No other database, no users and no server commands.
const sealpost = { pwd: secret("mongo_sealpost_password"), roles: [{ role: "readWrite", db: "sealpost" }] };
if (admin.getUser("sealpost") === null) {
  admin.createUser({ user: "sealpost", ...sealpost });
  print("user sealpost made");
} else {
  admin.updateUser("sealpost", sealpost);
  print("user sealpost brought up to date");
}
