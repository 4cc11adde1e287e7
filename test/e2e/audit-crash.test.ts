/**
 * A service that is killed with SIGKILL in the middle of an administrative act. It dies between its intent and the act,
 * or between the act and its outcome.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { masterKey, openDatabase, type TestDatabase } from "../store/database.js";
import { createClient } from "../support/client.js";
import { type Service, startService } from "../support/service.js";

interface Entry {
  id: string;
  action: string;
  subject: string;
  intent?: string;
  detail?: { operation?: string; outcome?: string };
}
interface Stopper {
  url: string;
  /** Resolves when the insert into this collection was held back, after one into `after` has passed. */
  stopAt(collection: string, after?: string): Promise<void>;
  close(): void;
}

/** Stands between the service and its database, and holds one insert back for good. */
async function startStopper(mongodbUrl: string): Promise<Stopper> {
  const { hostname, port } = new URL(mongodbUrl);
  const insertOf = (collection: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeInt32LE(collection.length + 1);
    return Buffer.concat([Buffer.from("insert\0"), length, Buffer.from(`${collection}\0`)]);
  };
  const sockets = new Set<net.Socket>();
  let order: { at: Buffer; after: Buffer | undefined; hit: () => void } | undefined;
  const holds = (bytes: Buffer): boolean => {
    if (!order) return false;
    if (order.after) {
      if (bytes.includes(order.after)) order.after = undefined;
      return false;
    }
    if (!bytes.includes(order.at)) return false;
    order.hit();
    return true;
  };
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), hostname);
    let held = false;
    client.on("data", (bytes) => {
      held ||= holds(bytes);
      if (!held) upstream.write(bytes);
    });
    upstream.pipe(client);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/?directConnection=true`,
    stopAt: (collection, after) =>
      new Promise((resolve) => {
        order = {
          at: insertOf(collection),
          after: after === undefined ? undefined : insertOf(after),
          hit: () => {
            order = undefined;
            resolve();
          },
        };
      }),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const directory = mkdtempSync(join(tmpdir(), "sealpost-crash-"));
const masterKeys = masterKey("crash");
let database: TestDatabase;
let stopper: Stopper;
let service: Service;
const start = () =>
  startService({
    dataDir: join(directory, "data"),
    adminKey: service?.adminKey ?? `sp_admin_${randomBytes(32).toString("base64url")}`,
    env: {
      TEMPORAL_ADDRESS: inject("temporalAddress"),
      MONGODB_URL: stopper.url,
      MONGODB_DATABASE: database.name,
      SEALPOST_MASTER_KEYS: masterKeys,
      ROLE: "api",
    },
    role: "api",
  });

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "crash");
  stopper = await startStopper(inject("mongodbUrl"));
  service = await start();
}, 240_000);
afterAll(async () => {
  await service?.remove();
  stopper?.close();
  await database?.close();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

async function call<T>(path: string): Promise<T> {
  const client = createClient(service.url, service.adminKey);
  const answer = await client.get<T>(path);
  await client.close();
  return answer.body;
}

describe.each([
  { when: "between its intent and the act", stop: () => stopper.stopAt("groups"), there: false, outcome: "not_done" },
  {
    when: "between the act and its outcome",
    stop: () => stopper.stopAt("audit", "groups"),
    there: true,
    outcome: "done",
  },
])("killed $when", ({ stop, there, outcome }) => {
  test("the next start completes the act on record, by what is there", async () => {
    const stopped = stop();
    const client = createClient(service.url, service.adminKey);
    const name = `crash-${outcome}`;
    const answer = client.post("/v1/groups", { name }).catch(() => undefined);
    await stopped;
    await service.kill();
    expect(await answer, "it was never answered").toBeUndefined();
    await client.close();

    service = await start();
    const group = (await call<{ data: { id: string; name: string }[] }>("/v1/groups")).data.find(
      (each) => each.name === name,
    );
    expect(group !== undefined).toBe(there);
    const { data } = await call<{ data: Entry[] }>("/v1/audit?action=act.begin&limit=250");
    const intents = data.filter(({ detail }) => detail?.operation === "createGroup");
    const { data: completed } = await call<{ data: Entry[] }>("/v1/audit?action=act.complete");
    expect(completed[0]).toMatchObject({ intent: intents[0]?.id, detail: { operation: "createGroup", outcome } });
    if (group) expect(completed[0]?.subject).toBe(group.id);
    const verifying = await database.openStore(masterKeys);
    expect(await verifying.audit.verify()).toMatchObject({ ok: true, open: [] });
  });
});
