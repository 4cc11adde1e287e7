/**
 * What `npm pack` makes, installed in a fresh project: `sealpost/client` works there under every Node that we support.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, type TestContext } from "vitest";
import { deliverEventStart } from "../../src/client/index.js";
import { buildOnce, repositoryRoot } from "../support/build.js";

/** Packages of npm that hold nothing but one version of Node for one kind of machine. */
const NODES = ["20", "22", "24"];
const packageOf = (major: string): string => `node-${process.platform}-${process.arch}@${major}`;
/** To fetch some hundred packages, or 50 MB. A machine may be busy. */
const WITHIN_MS = 540_000;
/** What npm says when the registry cannot be reached, or does not have this version for this machine. */
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|E403|E404|ETARGET|EBADPLATFORM/;

const directory = mkdtempSync(join(tmpdir(), "sealpost-package-"));
const project = join(directory, "project");
const codec: Server = createServer((request, response) => {
  // A codec that seals nothing, and shows how it was asked.
  void text(request).then((body) => {
    const { payloads } = JSON.parse(body) as { payloads: object[] };
    const asked = Buffer.from(`${request.url} ${request.headers.authorization}`).toString("base64");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ payloads: payloads.map((payload) => ({ ...payload, metadata: { asked } })) }));
  });
});
const EVENT = { id: "order-4711", type: "payments.invoice.paid", data: { total: "12.50", payee: "Café Ελλάς" } };
const PROGRAM = `
import { deliverEventStart, remoteDataConverter } from "sealpost/client";
const { payloadCodecs: [codec] } = remoteDataConverter({ codecUrl: process.env.CODEC, apiKey: "sp_key" });
const [sealed] = await codec.encode([{ metadata: {}, data: Buffer.from("canary") }]);
console.log(JSON.stringify({
  node: process.versions.node,
  start: deliverEventStart(${JSON.stringify(EVENT)}),
  sealed: { asked: Buffer.from(sealed.metadata.asked).toString(), data: Buffer.from(sealed.data).toString() },
}));
`;

const run = promisify(execFile);
const npm = async (cwd: string, ...args: string[]): Promise<void> =>
  void (await run("npm", [...args, "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"], {
    cwd,
    timeout: WITHIN_MS,
    maxBuffer: 16 * 1024 * 1024,
  }));

/** Why the registry did not give what was asked for. @throws whatever else went wrong */
async function refusal(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (UNREACHABLE.test(said)) return said.slice(-300);
    throw error;
  }
}

function skip(context: TestContext, what: string, reason: string): void {
  process.stderr.write(`${what} is not tested here, as the registry refuses: ${reason}\n`);
  context.skip(reason);
}

let notInstalled: string | undefined;
beforeAll(async () => {
  await buildOnce();
  await npm(repositoryRoot(), "pack", "--pack-destination", directory);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(join(project, "publish.js"), PROGRAM);
  const [packed = ""] = readdirSync(directory).filter((name) => name.endsWith(".tgz"));
  notInstalled = await refusal(npm(project, "install", join(directory, packed)));
  await new Promise<void>((resolve) => codec.listen(0, "127.0.0.1", resolve));
}, WITHIN_MS);
afterAll(async () => {
  await new Promise((resolve) => codec.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

/** The program of this Node. Undefined where the registry does not have it. */
async function nodeOf(context: TestContext, major: string): Promise<string | undefined> {
  if (process.versions.node.split(".")[0] === major) return process.execPath;
  const place = join(directory, `node-${major}`);
  mkdirSync(place);
  writeFileSync(join(place, "package.json"), "{}");
  const refused = await refusal(npm(place, "install", packageOf(major)));
  if (refused !== undefined) return void skip(context, packageOf(major), refused);
  return join(place, "node_modules", packageOf(major).replace(/@.*/, ""), "bin", "node");
}

it("holds what is built, and neither sources nor tests", (context) => {
  if (notInstalled !== undefined) return skip(context, "The package", notInstalled);
  const installed = join(project, "node_modules", "sealpost");
  expect(readdirSync(installed).sort()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  expect(readdirSync(join(installed, "dist", "client"))).toEqual(
    expect.arrayContaining(["index.d.ts", "index.js"]) as string[],
  );
  // What only the development of this repository needs.
  for (const name of ["typescript", "vitest", "@temporalio/testing"])
    expect(readdirSync(join(project, "node_modules"))).not.toContain(name);
});

it.for(NODES)("makes the same start under Node %s as here", { timeout: WITHIN_MS }, async (major, context) => {
  if (notInstalled !== undefined) return skip(context, "The package", notInstalled);
  const node = await nodeOf(context, major);
  if (node === undefined) return;
  const { port } = codec.address() as AddressInfo;
  const { stdout } = await run(node, ["publish.js"], {
    cwd: project,
    env: { PATH: process.env["PATH"], CODEC: `http://127.0.0.1:${port}/codec` },
  });
  const { start: here } = { start: deliverEventStart(EVENT) };
  const acceptedAt = expect.any(Number) as number;
  const events = here.options.args[0].events.map((event) => ({ ...event, acceptedAt }));
  expect(JSON.parse(stdout)).toEqual({
    node: expect.stringMatching(new RegExp(`^${major}\\.`)) as string,
    start: { ...here, options: { ...here.options, args: [{ ...here.options.args[0], events }] } },
    sealed: { asked: "/codec/encode Bearer sp_key", data: "canary" },
  });
});
