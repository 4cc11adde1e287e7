/** Load balancers that ask `/health/ready` and keep their connections open, as those in front of a service do. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "undici";

export interface Balancer {
  /** For clients. */
  url: string;
  /** Requests that no server answered, with the reason. */
  failures(): string[];
  close(): Promise<void>;
}

/** Between two checks of a server. Two that fail take it out, and one that succeeds takes it in. */
const CHECK_EVERY_MS = 500;
const FAILS_TO_GO = 2;

interface Upstream {
  url: string;
  pool: Pool;
  fails: number;
}

/** Takes turns at the servers that are ready. It never sends a request twice. */
export async function startBalancer(urls: readonly string[]): Promise<Balancer> {
  const upstreams: Upstream[] = urls.map((url) => ({ url, pool: new Pool(url, { connections: 64 }), fails: 0 }));
  const failures: string[] = [];
  const closing = new AbortController();
  let turn = 0;

  async function watch(upstream: Upstream): Promise<void> {
    while (!closing.signal.aborted) {
      const answer = await fetch(`${upstream.url}/health/ready`, { signal: AbortSignal.timeout(3_000) }).catch(
        () => undefined,
      );
      await answer?.body?.cancel();
      upstream.fails = answer?.status === 200 ? 0 : upstream.fails + 1;
      await pause(CHECK_EVERY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }
  async function forward(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const ready = upstreams.filter(({ fails }) => fails < FAILS_TO_GO);
    const upstream = ready[turn++ % Math.max(1, ready.length)];
    if (!upstream) return fail(response, "no server is ready");
    const { connection: _hop, ...headers } = request.headers;
    try {
      const answer = await upstream.pool.request({
        path: request.url ?? "/",
        method: request.method ?? "GET",
        headers,
        body: request,
      });
      const body = Buffer.from(await answer.body.arrayBuffer());
      const { connection: _close, "keep-alive": _keep, "transfer-encoding": _chunked, ...own } = answer.headers;
      response.writeHead(answer.statusCode, own).end(body);
    } catch (error) {
      fail(response, `${upstream.url}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  function fail(response: http.ServerResponse, why: string): void {
    failures.push(why);
    response.writeHead(502).end();
  }
  const server = http.createServer((request, response) => void forward(request, response));
  server.keepAliveTimeout = 120_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const watching = upstreams.map(watch);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures: () => failures,
    async close() {
      closing.abort();
      server.close();
      server.closeAllConnections();
      await Promise.all([...watching, ...upstreams.map(({ pool }) => pool.destroy())]);
    },
  };
}

/** Whether HAProxy is installed. Prints why a test is skipped where it is not. */
export function hasHaproxy(): boolean {
  const found = spawnSync("haproxy", ["-v"]).status === 0;
  if (!found) process.stderr.write("haproxy is not installed (Debian: apt-get install haproxy): a test is skipped.\n");
  return found;
}

/** HAProxy with the checks of deploy/haproxy at a quicker pace. It tries no request again, so each failure shows. */
export async function startHaproxy(urls: readonly string[]): Promise<Balancer> {
  const directory = mkdtempSync(join(tmpdir(), "sealpost-haproxy-"));
  const port = await freePort();
  const file = join(directory, "haproxy.cfg");
  writeFileSync(file, configuration(port, urls));
  const child = spawn("haproxy", ["-db", "-f", file], { stdio: ["ignore", "pipe", "pipe"] });
  const failures: string[] = [];
  for (const output of [child.stdout, child.stderr])
    output.on("data", (text: Buffer) => failures.push(...failuresIn(text.toString())));
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + 30_000; !(await answers(url)); await pause(50))
    if (Date.now() > deadline)
      throw new Error(`HAProxy does not answer. Its configuration: ${readFileSync(file, "utf8")}`);
  return {
    url,
    failures: () => failures,
    async close() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const configuration = (port: number, urls: readonly string[]): string =>
  `global
  log stdout format raw local0 info
defaults
  mode http
  log global
  option httplog
  option dontlog-normal
  retries 0
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  timeout check 3s
  timeout http-keep-alive 60s
frontend in
  bind 127.0.0.1:${port}
  default_backend api
backend api
  balance roundrobin
  option httpchk
  http-check send meth GET uri /health/ready ver HTTP/1.1 hdr Host sealpost
  http-check expect status 200
  default-server check inter ${CHECK_EVERY_MS}ms fall ${FAILS_TO_GO} rise 1
${urls.map((url, number) => `  server api-${number} ${new URL(url).host}\n`).join("")}`;

/** Lines of requests that HAProxy itself answered, or whose server broke off (termination state other than `--`). */
const failuresIn = (text: string): string[] =>
  text.split("\n").filter((line) => / HTTP\/1\.1"$/.test(line) && !/ -{4} /.test(line));

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/live`).catch(() => undefined);
  return answer?.status === 200;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
