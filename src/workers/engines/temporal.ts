/** The embedded Temporal. It is the CLI's development server, durable in an SQLite file. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Connection } from "@temporalio/client";
import { EngineError } from "./engine-error.js";
import { type EngineProcess, startEngine } from "./engine-process.js";
import { freePort, isListening } from "./ports.js";
import type { ProvisionContext } from "./provision.js";
import { readProvision, rememberProvision } from "./record.js";
import { findTemporal } from "./temporal-program.js";
import { tellIfSlow } from "./slow-steps.js";

export interface TemporalOptions extends ProvisionContext {
  dataDir: string;
  namespace: string;
  port?: number;
  uiPort?: number;
  /** The path under which browsers reach the UI. */
  uiPath?: string;
  codecEndpoint?: string;
  durability: "normal" | "full";
  onStart: (running: { address: string; uiUrl: string; pid: number }) => void;
  onDeath: (message: string) => void;
}

export interface EmbeddedTemporal extends EngineProcess {
  address: string;
  uiUrl: string;
  how: string;
}

const SEARCH_ATTRIBUTES = [
  "WebhookStatus",
  "WebhookSubscription",
  "WebhookGroup",
  "WebhookEventType",
  "WebhookEventId",
];

/**
 * The defaults (2,400 calls a second to one namespace, 10 to visibility) protect a shared cluster. This server belongs
 * to one service, whose bursts must not be throttled. Limits that matter for correctness keep their defaults, because a
 * trial has to meet the limits of a real cluster. They are updates in flight, signals, and eager start, which is on.
 */
const UNTHROTTLED = [
  "frontend.rps",
  "frontend.namespaceRPS",
  "frontend.namespaceRPS.visibility",
  "frontend.namespaceCount",
  "history.rps",
  "matching.rps",
  "frontend.persistenceMaxQPS",
  "history.persistenceMaxQPS",
  "matching.persistenceMaxQPS",
];

/** @throws EngineError */
export async function startTemporal(options: TemporalOptions): Promise<EmbeddedTemporal> {
  const remembered = readProvision(options.dataDir).temporal;
  const program = await findTemporal(remembered?.how, options);
  const why = program.refused && ` (${program.refused})`;
  options.progress(
    `Engines: TEMPORAL_ADDRESS is not set${why}, so an embedded one runs: ${program.how}, data in ${options.dataDir}`,
  );
  const start = async (): Promise<EmbeddedTemporal> => {
    const port = options.port ?? (await freePort(remembered?.port));
    // Any free port. People reach the UI under our own address, and another Temporal of this machine may use the usual
    // port (8233).
    const uiPort = options.uiPort ?? (await freePort(remembered?.uiPort));
    const engine = await run(program.path, options, { port, uiPort });
    rememberProvision(options.dataDir, { temporal: { how: program.source, port, uiPort } });
    return { ...engine, address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}`, how: program.how };
  };
  return tellIfSlow(options.progress, "Engines: starting Temporal", () =>
    start().catch((error: unknown) => {
      // Another process may take a free port between our look and the engine's start, also one of those it chooses
      // itself.
      if (error instanceof EngineError && error.code === "engine_failed") return start();
      throw error;
    }),
  );
}

async function run(
  command: string,
  options: TemporalOptions,
  { port, uiPort }: { port: number; uiPort: number },
): Promise<EngineProcess> {
  const directory = join(options.dataDir, "temporal");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const repeated = (flag: string, values: string[]) => values.flatMap((value) => [flag, value]);
  const address = `127.0.0.1:${port}`;
  return startEngine({
    name: "Temporal",
    command,
    args: [
      "server",
      "start-dev",
      "--ip",
      "127.0.0.1",
      "--port",
      String(port),
      "--log-level",
      "error",
      // The UI has no users, so only this machine can reach it. No link leads there: people use /temporal/ with a
      // session.
      "--ui-ip",
      "127.0.0.1",
      "--ui-port",
      String(uiPort),
      "--ui-disable-news-fetch",
      "--db-filename",
      join(directory, "temporal.sqlite"),
      ...repeated("--sqlite-pragma", [
        "journal_mode=WAL",
        `synchronous=${options.durability === "full" ? "FULL" : "NORMAL"}`,
      ]),
      ...repeated(
        "--search-attribute",
        SEARCH_ATTRIBUTES.map((name) => `${name}=Keyword`),
      ),
      ...repeated(
        "--dynamic-config-value",
        UNTHROTTLED.map((key) => `${key}=100000`),
      ),
      ...(options.namespace === "default" ? [] : ["--namespace", options.namespace]),
      ...(options.uiPath ? ["--ui-public-path", options.uiPath] : []),
      ...(options.codecEndpoint ? ["--ui-codec-endpoint", options.codecEndpoint] : []),
    ],
    logFile: join(options.dataDir, "logs", "temporal.log"),
    exitsWithStdin: false,
    answers: () => answers(address, port, options.namespace),
    progress: options.progress,
    onStart: (pid) => options.onStart({ address, uiUrl: `http://127.0.0.1:${uiPort}`, pid }),
    onDeath: options.onDeath,
    signal: options.signal,
  });
}

/** The search attributes are added once the server listens. Before that, a workflow that sets one would be refused. */
async function answers(address: string, port: number, namespace: string): Promise<void> {
  if (!(await isListening(port))) throw new Error("not listening yet");
  const connection = await Connection.connect({ address, connectTimeout: 2_000 });
  try {
    await connection.withDeadline(Date.now() + 2_000, async () => {
      await connection.workflowService.describeNamespace({ namespace });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      if (!SEARCH_ATTRIBUTES.every((name) => customAttributes && name in customAttributes))
        throw new Error("search attributes not added yet");
    });
  } finally {
    await connection.close();
  }
}
