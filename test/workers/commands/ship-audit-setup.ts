import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, inject } from "vitest";
import type { MongoStore } from "../../../src/store/index.js";
import { createCursorFile } from "../../../src/workers/commands/ship/cursor.js";
import { shipAudit } from "../../../src/workers/commands/ship/ship.js";
import { type ShipTarget } from "../../../src/workers/commands/ship/target.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { buildOnce } from "../../support/build.js";
import { createCertificateAuthority } from "../../support/certificates.js";

export interface Line {
  id?: string;
  mac?: string;
  subject?: string;
  head?: { id: string; mac: string };
}
interface Collector {
  url: string;
  /** Every line of every request that was answered with 2xx or was being answered. */
  lines: Line[];
  requests: { authorization: string | undefined; contentType: string | undefined }[];
  /** Decides the answer, which is 204 by default. */
  answer: (request: number, response: ServerResponse) => boolean | Promise<boolean>;
  server: Server;
}

export const directory = mkdtempSync(join(tmpdir(), "sealpost-ship-"));
export const caFile = join(directory, "ca.pem");
export const tokenFile = join(directory, "token");
let certificate: { cert: string; key: string };
export let database: TestDatabase;
export let store: MongoStore;
export let collector: Collector;

async function startCollector(): Promise<Collector> {
  const found: Omit<Collector, "url" | "server"> = { lines: [], requests: [], answer: () => true };
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    found.requests.push({ authorization: request.headers.authorization, contentType: request.headers["content-type"] });
    if (!(await found.answer(found.requests.length, response))) return;
    found.lines.push(
      ...body
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Line),
    );
    response.writeHead(204).end();
  };
  const server = createServer(certificate, (request, response) => void receive(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(found, { server, url: `https://localhost:${(server.address() as AddressInfo).port}/audit` });
}

export async function append(count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_none, index) =>
      store.audit.append({ actor: "key:1", action: "group.change", subject: `grp_${index}` }),
    ),
  );
}
export async function idsInStore(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.audit.all()) ids.push(id);
  return ids;
}
export const idsOf = (lines: Line[]) => lines.flatMap(({ id }) => id ?? []);
let names = 0;
export const fileName = (): string => join(directory, `copy-${++names}.jsonl`);

export async function ship(
  target: ShipTarget,
  cursorFile: string,
  options: { follow?: boolean; signal?: AbortSignal } = {},
) {
  const said: string[] = [];
  const { follow = false, signal = new AbortController().signal } = options;
  const result = await shipAudit({
    audit: store.audit,
    target,
    cursor: createCursorFile(cursorFile, target.name),
    follow,
    signal,
    say: (line) => said.push(line),
    lookEveryMs: 50,
    mostPauseMs: 20,
  });
  return { ...result, said };
}

/** What each of the files needs that begin with `ship-audit`: call it once at the top. */
export function setUpShipAudit(): void {
  beforeAll(async () => {
    // Another file of this process may have removed it.
    mkdirSync(directory, { recursive: true });
    await buildOnce();
    const authority = await createCertificateAuthority();
    certificate = await authority.issue();
    writeFileSync(caFile, authority.ca);
    writeFileSync(tokenFile, "collector-token\n");
  }, 240_000);
  beforeEach(async () => {
    database = await openDatabase(inject("mongodbUrl"), "ship");
    store = await database.openStore();
    collector = await startCollector();
  });
  afterEach(async () => {
    collector.server.closeAllConnections();
    collector.server.close();
    await database.close();
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
}
