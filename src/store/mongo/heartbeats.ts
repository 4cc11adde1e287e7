/**
 * Repairs a monitor of the driver that hangs. When every connection breaks at one instant (a database is killed, a
 * proxy restarts), a heartbeat that begins just then may never end. The driver (7.9) then finds no server until the
 * process is restarted. Such a heartbeat is seen as "Started" without "Succeeded" or "Failed". Here a heartbeat takes
 * at most `connectTimeoutMS`, 2.5 s.
 */
import type { MongoClient } from "mongodb";
import type { StoreLog } from "../store-log.js";

/** Three times what a heartbeat can take. */
const HUNG_MS = 7_500;
const LOOK_EVERY_MS = 1_000;

/**
 * Watches the heartbeats of a connected client and connects it anew when one hangs. `stop` before closing the client.
 */
export function watchHeartbeats(client: MongoClient, log?: StoreLog): { stop(): void } {
  const started = new Map<string, number>();
  const ended = ({ connectionId }: { connectionId: string }): void => void started.delete(connectionId);
  client.on("serverHeartbeatStarted", ({ connectionId }) => void started.set(connectionId, performance.now()));
  client.on("serverHeartbeatSucceeded", ended);
  client.on("serverHeartbeatFailed", ended);
  client.on("serverClosed", ({ address }) => void started.delete(address));

  let mending = false;
  const timer = setInterval(() => {
    const hung = [...started].find(([, since]) => performance.now() - since > HUNG_MS);
    if (!hung || mending) return;
    mending = true;
    started.clear();
    log?.warn({ server: hung[0] }, "a heartbeat to MongoDB hangs; connecting anew");
    void reconnect(client).finally(() => (mending = false));
  }, LOOK_EVERY_MS).unref();
  return { stop: () => clearInterval(timer) };
}

/**
 * Operations under way fail as `unavailable`, and their callers repeat them. If this does not reconnect, then the next
 * operation does.
 */
async function reconnect(client: MongoClient): Promise<void> {
  await client.close(true).catch(() => undefined);
  await client.connect().catch(() => undefined);
}
