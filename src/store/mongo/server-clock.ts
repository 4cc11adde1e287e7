/** The database's own clock. Clocks of two machines may differ by more than a lease lasts. */
import type { Db } from "mongodb";

/** The server's own clock (`hello.localTime`), which both engines tell. */
export async function serverClock(db: Db): Promise<Date> {
  const { localTime } = await db.command({ hello: 1 });
  return localTime instanceof Date ? localTime : new Date();
}
