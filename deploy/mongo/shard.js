// Shards the two collections that grow with the traffic. Run once by mongosh through a mongos, as an administrator, before they are large:
//   mongosh "mongodb://…mongos…" --file shard.js
// The database is MONGODB_DATABASE, or "sealpost". docs/operations/capacity.md says what it means for each call.
const database = process.env.MONGODB_DATABASE || "sealpost";
sh.enableSharding(database);
for (const collection of ["events", "deliveries"]) {
  // Hashed, because ids begin with the time: in order of the ids every new document would go to one shard.
  sh.shardCollection(`${database}.${collection}`, { _id: "hashed" });
}
