/**
 * What the tests of the engines share: data directories, an owner in a process of its own, conditions instead of
 * sleeps.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Client, Connection } from "@temporalio/client";
import { MongoClient } from "mongodb";
import ts from "typescript";
import { type EngineOptions, type Engines, provideEngines } from "../../../src/workers/engines/index.js";

export interface TestEngines {
  dataDir: string;
  lines: string[];
  start(options?: Partial<EngineOptions>): Promise<Engines>;
  /** Stops what is started and removes the directory. */
  end(): Promise<void>;
}

export function testEngines(): TestEngines {
  const dataDir = mkdtempSync(join(tmpdir(), "sealpost-engines-"));
  const lines: string[] = [];
  const started: Engines[] = [];
  return {
    dataDir,
    lines,
    start: async (options = {}) => {
      const engines = await provideEngines({
        dataDir,
        temporalNamespace: "default",
        durability: "normal",
        progress: (line) => lines.push(line),
        ...options,
      });
      started.push(engines);
      return engines;
    },
    end: async () => {
      await Promise.all(started.map((engines) => engines.stop()));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Looks until it holds. The last failure tells why it did not. */
export async function eventually<T>(look: () => T | Promise<T>, withinMs = 30_000): Promise<NonNullable<T>> {
  let last: unknown = "it never held";
  for (const deadline = Date.now() + withinMs; Date.now() < deadline;) {
    try {
      const value = await look();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Not within ${withinMs} ms: ${String(last)}`);
}

/** Leaves a document and a started workflow of that name. */
export async function leaveTraces({ temporal, mongodb }: Engines, name: string): Promise<void> {
  await withMongodb(
    mongodb.url,
    async (client) =>
      void (await client.db("traces").collection<{ _id: string }>("documents").insertOne({ _id: name })),
  );
  await withTemporal(
    temporal.address,
    async (client) => void (await client.workflow.start("neverRuns", { workflowId: name, taskQueue: "nobody" })),
  );
}

/** Whether both are there. */
export async function hasTraces({ temporal, mongodb }: Engines, name: string): Promise<boolean> {
  const document = await withMongodb(mongodb.url, (client) =>
    client.db("traces").collection<{ _id: string }>("documents").findOne({ _id: name }),
  );
  const { status } = await withTemporal(temporal.address, (client) => client.workflow.getHandle(name).describe());
  return document?._id === name && status.name === "RUNNING";
}

export async function withMongodb<T>(url: string, use: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 2_000 });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function withTemporal<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: 2_000 });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

export interface Owner {
  process: ChildProcess;
  engines: Engines;
  end(): void;
}

/** Starts engines in a process of its own, which can be killed. */
export async function startOwner(dataDir: string): Promise<Owner> {
  const { script, remove } = compileOwner(dataDir);
  const child = spawn(process.execPath, [script, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  const end = () => {
    child.kill("SIGKILL");
    remove();
  };
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  try {
    const line = await eventually(() => {
      if (child.exitCode !== null) throw new Error(`the owner ended: ${output}`);
      return output.includes("\n") ? output : undefined;
    });
    const engines = {
      ...(JSON.parse(line) as Omit<Engines, "died" | "stop">),
      died: Promise.resolve(""),
      stop: async () => undefined,
    };
    return { process: child, engines, end };
  } catch (error) {
    end();
    throw error;
  }
}

/** Node 20 runs no TypeScript. Compiled below the repository, because the imports are looked up from there. */
function compileOwner(dataDir: string): { script: string; remove: () => void } {
  const sources = "src/workers/engines";
  mkdirSync(".cache", { recursive: true });
  const root = mkdtempSync(join(process.cwd(), ".cache/engines-owner-"));
  const output = join(root, sources);
  cpSync(join(sources, "ferretdb"), join(output, "ferretdb"), { recursive: true });
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  const files = readdirSync(sources)
    .filter((file) => file.endsWith(".ts"))
    .map((name) => join(sources, name));
  for (const file of [...files, "src/workers/private-files.ts", "src/store/deadline.ts"]) {
    const { outputText } = ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions, fileName: file });
    const compiled = join(root, file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(compiled), { recursive: true });
    writeFileSync(compiled, outputText);
  }
  const script = join(root, "owner.mjs");
  writeFileSync(
    script,
    `
    import { provideEngines } from "./${sources}/index.js";
    const { temporal, mongodb } = await provideEngines({
      dataDir: ${JSON.stringify(dataDir)},
      temporalNamespace: "default",
      durability: "normal",
      progress: () => {},
    });
    console.log(JSON.stringify({ temporal, mongodb }));
  `,
  );
  return { script, remove: () => rmSync(root, { recursive: true, force: true }) };
}
