/**
 * The embedded mongod is a replica set of one. Only a member of a set waits for a majority as the production one does.
 * Only there does the driver repeat a write whose answer was lost. The data directory of a standalone mongod becomes a
 * set when it is started so and initiated.
 */
import { type Db, MongoServerError } from "mongodb";

export const REPLICA_SET = "sealpost";

const NOT_YET_INITIALIZED = 94;
const ALREADY_INITIALIZED = 23;

/** The part of a set's configuration that is read. The rest is kept. */
interface SetConfig {
  _id: string;
  version: number;
  members: { _id: number; host: string }[];
}

/**
 * Brings the set to where it takes writes at this address. The first time it initiates the set. Later it names the new
 * port to the set when that has changed. Repeatable, as a start may be broken off anywhere.
 * @param admin the database `admin` over a direct connection
 * @param host `127.0.0.1:port`
 * @throws Error while it is not primary yet. Call it again then
 */
export async function becomePrimary(admin: Db, host: string): Promise<void> {
  const config = await configOf(admin);
  if (!config) await initiate(admin, host);
  else if (config.members.length !== 1 || config.members[0]?.host !== host) {
    // Under another port the member does not find itself in its configuration, so there is no primary. The change must
    // be forced.
    const members = [{ ...config.members[0], _id: 0, host }];
    await admin.command({ replSetReconfig: { ...config, version: config.version + 1, members }, force: true });
  }
  const hello = await admin.command({ hello: 1 });
  if (hello["isWritablePrimary"] !== true) throw new Error("not primary yet");
}

async function configOf(admin: Db): Promise<SetConfig | undefined> {
  try {
    return (await admin.command({ replSetGetConfig: 1 }))["config"] as SetConfig;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NOT_YET_INITIALIZED) return undefined;
    throw error;
  }
}

async function initiate(admin: Db, host: string): Promise<void> {
  try {
    await admin.command({ replSetInitiate: { _id: REPLICA_SET, members: [{ _id: 0, host }] } });
  } catch (error) {
    // The try before this one did it, and its answer was lost.
    if (!(error instanceof MongoServerError && error.code === ALREADY_INITIALIZED)) throw error;
  }
}
