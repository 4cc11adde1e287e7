/**
 * Everything that a measurement needs, each in a process of its own: the service with its engines, the sinks, the load
 * generator.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificateAuthority } from "../test/support/certificates.js";
import { type Client, createClient, createSubscriptionSet, type SubscriptionSet } from "../test/support/client.js";
import { type Service, startService } from "../test/support/service.js";
import { type Child, startChild } from "./child.js";
import type { LoadMethods } from "./load-process.js";
import type { SinkMethods } from "./sink-process.js";

export interface SinkProcess extends Child<SinkMethods> {
  url: string;
  /** What a sender needs to reach it, when it requires a client certificate. */
  tls?: { cert: string; key: string; ca: string };
}

export interface Stack {
  /** As it runs now. */
  readonly service: Service;
  /** Beside a service with `ROLE=api`, which sends nothing itself. */
  readonly worker: Service | undefined;
  readonly client: Client;
  load: Child<LoadMethods>;
  plainSink: SinkProcess;
  tlsSink: SinkProcess;
  /** A further sink, without TLS. */
  startSink(): Promise<SinkProcess>;
  /** SIGTERM, as an operator stops it. Its engines end with it. */
  stopService(): Promise<void>;
  /** SIGKILL to the service alone. */
  killService(): Promise<void>;
  /** Starts the service again on its data. `service` is the new one then. */
  restartService(): Promise<void>;
  end(): Promise<void>;
}

export interface StackOptions {
  env: Record<string, string>;
  /** Another checkout whose service is measured. By default it is this one's. */
  root?: string;
  /** Where the service leaves its CPU profiles when it ends. Without it none are made. */
  profileDir?: string;
}

/** Starts all processes. What was started ends when one of them does not start. */
export async function startStack({ env, root, profileDir }: StackOptions): Promise<Stack> {
  const children: Child<never>[] = [];
  const start = <C extends Child<never>>(child: C): C => {
    children.push(child);
    return child;
  };
  try {
    const plainSink = await startSinkProcess(start);
    const tlsSink = await startTlsSinkProcess(start);
    const load = start(startChild<LoadMethods>(new URL("./load-process.js", import.meta.url)));
    if (profileDir) mkdirSync(profileDir, { recursive: true });
    // As `npm start` runs it. What the settings say of node would otherwise not count.
    const nodeArguments = [
      ...(env["NODE_OPTIONS"] === undefined ? ["--max-semi-space-size=64"] : []),
      ...(profileDir ? ["--cpu-prof", `--cpu-prof-dir=${profileDir}`] : []),
    ];
    const dataDir = mkdtempSync(join(tmpdir(), "sealpost-bench-"));
    const options = { env, nodeArguments, dataDir, ...(root !== undefined && { root }) };
    let service = await startService(options);
    const worker =
      env["ROLE"] === "api"
        ? await startService({
            ...options,
            env: { ...env, ROLE: "worker" },
            dataDir: join(dataDir, "worker"),
            join: service,
          })
        : undefined;
    let client = createClient(service.url, service.adminKey);
    return {
      get service() {
        return service;
      },
      worker,
      get client() {
        return client;
      },
      load,
      plainSink,
      tlsSink,
      startSink: () => startSinkProcess(start),
      stopService: async () => void (await service.stop()),
      killService: () => service.kill(),
      restartService: async () => {
        service = await startService({ ...options, adminKey: service.adminKey });
        await client.close();
        client = createClient(service.url, service.adminKey);
      },
      end: async () => {
        children.forEach((child) => child.end());
        await client.close();
        await worker?.remove();
        await service.remove();
        rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    children.forEach((child) => child.end());
    throw error;
  }
}

type Start = <C extends Child<never>>(child: C) => C;

async function startSinkProcess(start: Start, tls?: { cert: string; key: string; ca: string }): Promise<SinkProcess> {
  const child = start(startChild<SinkMethods>(new URL("./sink-process.js", import.meta.url)));
  // One signature in a hundred is checked: enough to see a wrong one, too little to be measured.
  return { ...child, url: await child.call("start", { verifyEvery: 100, ...(tls && { tls }) }) };
}

async function startTlsSinkProcess(start: Start): Promise<SinkProcess> {
  const authority = await createCertificateAuthority({ commonName: "Measurement authority" });
  const server = await authority.issue();
  const client = await authority.issue({ usage: "client", commonName: "sealpost" });
  return { ...(await startSinkProcess(start, { ...server, ca: authority.ca })), tls: { ...client, ca: authority.ca } };
}

/** `count` subscriptions of one new event type, all to this sink. */
export async function subscribe(stack: Stack, sink: SinkProcess, name: string, count = 1): Promise<SubscriptionSet> {
  const paths = Array.from({ length: count }, (_, number) => `/${name}/${number}`);
  const tls = sink.tls && { clientCert: sink.tls.cert, clientKey: sink.tls.key, ca: sink.tls.ca };
  const set = await createSubscriptionSet(stack.client, {
    name,
    urls: paths.map((path) => sink.url + path),
    ...(tls && { subscription: { tls } }),
  });
  for (const [number, path] of paths.entries())
    await sink.call("expectSecret", { path, secret: set.subscriptions[number]?.secret ?? "" });
  return set;
}

/** Process ids by what they are, as they are now. */
export function processes(stack: Stack, sink: SinkProcess): Record<string, number[]> {
  const { service, temporal, mongodb } = stack.service.pids();
  return {
    service: [service, ...(stack.worker ? [stack.worker.pids().service] : [])],
    temporal: temporal ? [temporal] : [],
    mongodb: mongodb ? [mongodb] : [],
    harness: [stack.load.pid, sink.pid],
  };
}
