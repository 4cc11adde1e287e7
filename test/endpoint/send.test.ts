import { type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import type { AgentsOptions } from "../../src/endpoint/agents.js";
import { classify } from "../../src/endpoint/classify.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { type Sender, type SendRequest, createSender } from "../../src/endpoint/send.js";
import { type HostileOptions, startHostileReceiver } from "../support/hostile-receiver.js";
import { startReceiver } from "../support/receiver.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
  closers.push(() => thing.close());
  return thing;
};
const newSender = (options: Partial<AgentsOptions> = {}): Sender =>
  kept(createSender({ guard: createGuard({ allowLocal: true }), connectTimeoutMs: 400, ...options }));
const request = (url: string, over: Partial<SendRequest> = {}): SendRequest => ({
  identity: { subscriptionId: "sub_1", url, version: 1 },
  headers: { "content-type": "application/json" },
  body: Buffer.from('{"a":1}'),
  timeoutMs: 20_000,
  ...over,
});
const hostile = async (options: HostileOptions) => kept(await startHostileReceiver(options));
const answer = (text: string) => (socket: Socket) => void socket.write(text);
const ok = (headers = "", body = "") =>
  `HTTP/1.1 200 OK\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
/** Drips one byte at a time until the socket goes. */
const drip = (socket: Socket, text: string, everyMs: number, forever?: string) => {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++] ?? forever ?? "", "latin1"), everyMs);
  socket.on("close", () => clearInterval(timer));
};

/** Rows of the table of hostile consumers: what the other side does, what is recorded. */
const FAILURES: [string, HostileOptions, { class: string; code: string }, number?][] = [
  ["1 accepts and sends nothing", {}, { class: "retry", code: "timeout_headers" }, 150],
  [
    "2 resets after the request",
    { onRequest: (socket) => void socket.resetAndDestroy() },
    { class: "retry", code: "connection_reset" },
  ],
  [
    "3 closes without a response",
    { onRequest: (socket) => void socket.end() },
    { class: "retry", code: "connection_closed" },
  ],
  [
    "4 drips its headers",
    { onRequest: (socket) => drip(socket, "HTTP/1.1 200 OK\r\nx-slow: ", 20, "a") },
    { class: "retry", code: "timeout_headers" },
    300,
  ],
  [
    "4 closes within its headers",
    { onRequest: (socket) => void socket.end("HTTP/1.1 200 OK\r\nx-a: b") },
    { class: "retry", code: "protocol_error" },
  ],
  [
    "10 a header of 1 MB",
    { onRequest: answer(`HTTP/1.1 200 OK\r\nx-big: ${"a".repeat(1_000_000)}\r\n\r\n`) },
    { class: "retry", code: "response_headers_too_large" },
  ],
  [
    "10 10,000 headers",
    {
      onRequest: answer(`HTTP/1.1 200 OK\r\n${Array.from({ length: 10_000 }, (_, i) => `x-${i}: y\r\n`).join("")}\r\n`),
    },
    { class: "retry", code: "response_headers_too_large" },
  ],
  [
    "14 switches protocols",
    { onRequest: answer("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n") },
    { class: "retry", code: "protocol_error" },
  ],
  [
    "14 announces for ever",
    { onRequest: (socket) => drip(socket, "", 10, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n") },
    { class: "retry", code: "timeout_headers" },
    300,
  ],
  [
    "14 continues, and says no more",
    { onRequest: answer("HTTP/1.1 100 Continue\r\n\r\n") },
    { class: "retry", code: "timeout_headers" },
    300,
  ],
  [
    "14 continues for ever",
    { onRequest: (socket) => drip(socket, "", 10, "HTTP/1.1 100 Continue\r\n\r\n") },
    { class: "retry", code: "timeout_headers" },
    300,
  ],
  [
    "14 continues, and closes",
    { onRequest: (socket) => void socket.end("HTTP/1.1 100 Continue\r\n\r\n") },
    { class: "retry", code: "connection_closed" },
  ],
  [
    "14 continues, and answers what is no HTTP",
    { onRequest: answer("HTTP/1.1 100 Continue\r\n\r\nhello\r\n\r\n") },
    { class: "retry", code: "protocol_error" },
  ],
  [
    "15 redirects to the metadata service",
    { onRequest: answer("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n") },
    { class: "park", code: "redirect_not_followed" },
  ],
  ["16 an SSH banner", { onConnection: answer("SSH-2.0-OpenSSH_9.6\r\n") }, { class: "retry", code: "protocol_error" }],
  [
    "16 an SSH banner after the request",
    { onRequest: answer("SSH-2.0-OpenSSH_9.6\r\n") },
    { class: "retry", code: "protocol_error" },
  ],
  [
    "16 HTTP 0.9",
    { onRequest: (socket) => void socket.end("<html>hello</html>") },
    { class: "retry", code: "protocol_error" },
  ],
  [
    "16 a NUL in a header",
    { onRequest: answer("HTTP/1.1 200 OK\r\nx-a: b\u0000c\r\ncontent-length: 0\r\n\r\n") },
    { class: "retry", code: "protocol_error" },
  ],
  [
    "16 two lengths",
    { onRequest: answer("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab") },
    { class: "retry", code: "protocol_error" },
  ],
  [
    "17 status 999",
    { onRequest: answer("HTTP/1.1 999 Denied\r\ncontent-length: 0\r\n\r\n") },
    { class: "retry", code: "http_unknown_status" },
  ],
  [
    "17 status 600",
    { onRequest: answer("HTTP/1.1 600 What\r\ncontent-length: 0\r\n\r\n") },
    { class: "retry", code: "http_unknown_status" },
  ],
  [
    "17 status 099",
    { onRequest: answer("HTTP/1.1 099 Early\r\ncontent-length: 0\r\n\r\n") },
    { class: "retry", code: "protocol_error" },
  ],
  [
    "21 status 503",
    { onRequest: answer("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n") },
    { class: "retry", code: "http_5xx" },
  ],
  [
    "22 gone",
    { onRequest: answer("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n") },
    { class: "disable", code: "http_410" },
  ],
  [
    "   bad request, body broken off",
    { onRequest: (socket) => void socket.end("HTTP/1.1 400 Bad\r\ncontent-length: 10\r\n\r\nabc") },
    { class: "park", code: "http_4xx" },
  ],
];

describe("a hostile consumer that fails", () => {
  test.each(FAILURES)("%s", async (_name, options, expected, timeoutMs) => {
    const receiver = await hostile(options);
    const sender = newSender();
    const exchange = await sender.send(request(receiver.url, { timeoutMs: timeoutMs ?? 20_000 }));
    expect(classify(exchange, Date.now())).toMatchObject(expected);
    // Whatever it did, nothing is left behind.
    await sender.close();
    await expect.poll(() => receiver.open() + sender.sockets(), { timeout: 10_000 }).toBe(0);
  });
});

const SUCCESSES: [string, HostileOptions, { truncated: boolean; size: number }, number?][] = [
  [
    "6 drips its body for ever",
    {
      onRequest: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        drip(socket, "", 20, "1\r\na\r\n");
      },
    },
    { truncated: true, size: -1 },
    300,
  ],
  [
    "7 an endless body",
    {
      onRequest: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        const pour = () => {
          while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 97)));
        };
        socket.on("drain", pour);
        pour();
      },
    },
    { truncated: true, size: 16_384 },
  ],
  [
    "9 a body that is too short",
    { onRequest: (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc") },
    { truncated: true, size: 3 },
  ],
  [
    "16 a bad chunk",
    { onRequest: answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nZZ\r\n") },
    { truncated: true, size: 2 },
  ],
  [
    "   a reset within the body",
    {
      onRequest: (socket) =>
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", () =>
          setImmediate(() => socket.resetAndDestroy()),
        ),
    },
    { truncated: true, size: -1 },
  ],
  ["   exactly 16 KiB", { onRequest: answer(ok("", "a".repeat(16_384))) }, { truncated: false, size: 16_384 }],
  ["   a byte more", { onRequest: answer(ok("", "a".repeat(16_385))) }, { truncated: true, size: 16_384 }],
  [
    "   early hints first",
    { onRequest: answer("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + ok("", "fine")) },
    { truncated: false, size: 4 },
  ],
  [
    "19 an early answer and close",
    { onConnection: (socket) => socket.once("data", () => socket.end(ok("connection: close\r\n"))) },
    { truncated: false, size: 0 },
  ],
];

describe("a hostile consumer that accepted the event all the same", () => {
  test.each(SUCCESSES)("%s", async (_name, options, { truncated, size }, timeoutMs) => {
    const receiver = await hostile(options);
    const sender = newSender();
    const exchange = await sender.send(request(receiver.url, { timeoutMs: timeoutMs ?? 20_000 }));
    expect(classify(exchange, Date.now())).toEqual({ class: "delivered", code: "delivered" });
    expect(exchange).toMatchObject({ kind: "response", status: 200, truncated });
    if (exchange.kind === "response" && size >= 0) expect(exchange.body).toHaveLength(size);
    await sender.close();
    await expect.poll(() => receiver.open() + sender.sockets(), { timeout: 10_000 }).toBe(0);
  });

  test("11: a gzip bomb stays as it came", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const receiver = await hostile({
      onRequest: (socket, head) => {
        expect(head.toString("latin1")).toContain("\r\naccept-encoding: identity\r\n");
        socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
        socket.write(bomb);
      },
    });
    const exchange = await newSender().send(request(receiver.url));
    expect(exchange).toMatchObject({ kind: "response", status: 200, truncated: true });
    if (exchange.kind === "response") expect(Buffer.from(exchange.body).equals(bomb.subarray(0, 16_384))).toBe(true);
  });

  test("24: unread bodies do not block the next requests", async () => {
    const receiver = await hostile({ onRequest: answer(ok("", "a".repeat(1_000_000))) });
    const sender = newSender({ connections: 2 });
    const exchanges = await Promise.all(Array.from({ length: 20 }, () => sender.send(request(receiver.url))));
    expect(exchanges.every((exchange) => exchange.kind === "response" && exchange.truncated)).toBe(true);
  });
});

describe("redirects", () => {
  test.each([301, 302, 303, 307, 308])("%i is not followed", async (status) => {
    const target = kept(await startReceiver());
    const receiver = kept(await startReceiver({ respond: () => ({ status, headers: { location: target.url } }) }));
    const sender = newSender();
    expect(classify(await sender.send(request(receiver.url)), Date.now())).toEqual({
      class: "park",
      code: "redirect_not_followed",
    });
    expect([receiver.requests.length, target.connections]).toEqual([1, 0]);
  });
  test.each(["http://169.254.169.254/", "/hook", "file:///etc/passwd", "//127.0.0.1"])(
    "to %s is not followed; its Location is recorded",
    async (location) => {
      const receiver = kept(await startReceiver({ respond: () => ({ status: 307, headers: { location } }) }));
      const exchange = await newSender().send(request(receiver.url));
      expect(exchange).toMatchObject({ kind: "response", status: 307, headers: { location } });
      expect(receiver.requests).toHaveLength(1);
    },
  );
});

describe("what is recorded of the response", () => {
  test("29: no cookie is kept or sent back, long values are cut", async () => {
    const receiver = kept(
      await startReceiver({
        respond: () => ({
          status: 200,
          headers: {
            "set-cookie": "session=secret",
            "strict-transport-security": "max-age=1",
            "alt-svc": 'h3=":1"',
            location: "/".padEnd(2_000, "x"),
          },
        }),
      }),
    );
    const sender = newSender();
    const first = await sender.send(request(receiver.url));
    await sender.send(request(receiver.url));
    expect(first).toMatchObject({
      kind: "response",
      headers: { "set-cookie": "(not kept)", location: "/".padEnd(512, "x") },
    });
    expect(receiver.requests.map((received) => received.headers.cookie)).toEqual([undefined, undefined]);
  });

  test("timings, and whether the connection was new", async () => {
    const receiver = kept(await startReceiver());
    const sender = newSender({ connections: 1 });
    const first = await sender.send(request(receiver.url));
    expect(first).toMatchObject({
      freshSocket: true,
      clientCertificateSent: false,
      timings: {
        dns: expect.any(Number) as number,
        connect: expect.any(Number) as number,
        firstByte: expect.any(Number) as number,
        total: expect.any(Number) as number,
      },
    });
    const second = await sender.send(request(receiver.url));
    expect(second.freshSocket).toBe(false);
    expect(second.timings).not.toHaveProperty("connect");
    expect(receiver.connections).toBe(1);
  });
});

describe("deadline and limits", () => {
  test("the deadline covers waiting for a connection, and a request given up is never sent", async () => {
    const bodies: string[] = [];
    let release: (() => void) | undefined;
    const receiver = await hostile({
      onRequest: (socket, head) => {
        bodies.push(head.toString("latin1").split("\r\n\r\n")[1] as string);
        if (bodies.length > 1) socket.write(ok());
        else release = () => void socket.write(ok());
      },
    });
    const sender = newSender({ connections: 1 });
    const first = sender.send(request(receiver.url, { body: Buffer.from("first") }));
    await expect.poll(() => release).toBeDefined();
    const second = await sender.send(request(receiver.url, { body: Buffer.from("second"), timeoutMs: 50 }));
    expect(classify(second, Date.now())).toMatchObject({ class: "retry", code: "timeout_total" });
    const third = sender.send(request(receiver.url, { body: Buffer.from("third") }));
    release?.();
    expect([classify(await first, Date.now()).class, classify(await third, Date.now()).class]).toEqual([
      "delivered",
      "delivered",
    ]);
    expect([bodies, receiver.connections]).toEqual([["first", "third"], 1]);
  });

  test("its signal ends a request at once, on our own account", async () => {
    const receiver = await hostile({});
    const sender = newSender();
    const stop = new AbortController();
    const exchange = sender.send(request(receiver.url, { signal: stop.signal }));
    await expect.poll(() => receiver.connections).toBe(1);
    stop.abort();
    expect(classify(await exchange, Date.now())).toEqual({ class: "ours", code: "interrupted" });
    expect(classify(await sender.send(request(receiver.url, { signal: stop.signal })), Date.now())).toEqual({
      class: "ours",
      code: "interrupted",
    });
  });

  test("32: sockets are bounded over all endpoints; idle ones make room, busy ones do not", async () => {
    const quiet = await hostile({});
    const quick = kept(await startReceiver());
    const other = kept(await startReceiver());
    const sender = newSender({ maxSockets: 2 });
    const to = (url: string, subscriptionId: string, timeoutMs = 20_000) =>
      sender.send(request(url, { identity: { subscriptionId, url, version: 1 }, timeoutMs }));
    const stop = new AbortController();
    const busy = sender.send(request(quiet.url, { signal: stop.signal }));
    await expect.poll(() => quiet.connections).toBe(1);
    expect((await to(quick.url, "sub_2")).kind).toBe("response");
    expect(sender.sockets()).toBe(2);
    expect((await to(other.url, "sub_3")).kind).toBe("response");
    await expect.poll(() => sender.sockets()).toBe(2);
    const second = sender.send(
      request(quiet.url, { identity: { subscriptionId: "sub_4", url: quiet.url, version: 1 }, signal: stop.signal }),
    );
    await expect.poll(() => quiet.connections).toBe(2);
    expect(classify(await to(other.url, "sub_5"), Date.now())).toEqual({ class: "ours", code: "sockets_exhausted" });
    stop.abort();
    await Promise.all([busy, second]);
    expect((await to(other.url, "sub_5")).kind).toBe("response");
  });

  test("headers that HTTP does not allow are refused, and cost no connection", async () => {
    const receiver = kept(await startReceiver());
    const sender = newSender({ connections: 1 });
    const bad: Record<string, string>[] = [
      { "x-a": "b\r\nx-injected: 1" },
      { "x-a": "\u0000" },
      { "x a": "b" },
      { "": "b" },
      { host: "other" },
      { "Content-Length": "1" },
      { "transfer-encoding": "chunked" },
      { "x-a": "\u4e2d" },
    ];
    for (const headers of bad)
      expect(classify(await sender.send(request(receiver.url, { headers })), Date.now())).toEqual({
        class: "park",
        code: "request_invalid",
      });
    expect((await sender.send(request(receiver.url))).kind).toBe("response");
    expect(receiver.requests).toHaveLength(1);
  });

  const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
  const HINTS = "HTTP/1.1 103 Early Hints\r\nlink: </100>; rel=preload\r\n\r\n";
  test.each<[string, string]>([
    ["one", CONTINUE],
    ["several", CONTINUE.repeat(3)],
    ["with headers", "HTTP/1.1 100 Continue\r\nserver: x\r\nx-status: HTTP/1.1 100 no\r\n\r\n"],
    ["of HTTP/1.0", "HTTP/1.0 100 Continue\r\n\r\n"],
    [
      "that close",
      "HTTP/1.1 100 Continue\r\nconnection: close\r\n\r\nHTTP/1.1 103 Early Hints\r\nconnection: close\r\n\r\n",
    ],
    ["without a reason", "HTTP/1.1 100 \r\n\r\n"],
    ["between others", `HTTP/1.1 102 Processing\r\n\r\n${HINTS}${CONTINUE}${HINTS}`],
    ["of a status that nobody has named", `HTTP/1.1 199 Other\r\n\r\n${CONTINUE}`],
  ])("a 1xx that nobody asked for is skipped: %s", async (_name, informational) => {
    const body = "HTTP/1.1 100 Continue\r\n\r\n";
    for (const pieces of [1, 7, 1_000]) {
      const target = await hostile({
        onRequest: (socket) => {
          const text = informational + ok("", body);
          const size = Math.ceil(text.length / pieces);
          const parts = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
          const next = (): void => {
            const part = parts.shift();
            if (part !== undefined) socket.write(part, () => setImmediate(next));
          };
          next();
        },
      });
      const sender = newSender({ connections: 1 });
      for (let time = 0; time < 3; time++) {
        const exchange = await sender.send(request(target.url));
        expect(exchange).toMatchObject({ kind: "response", status: 200, truncated: false });
        expect(exchange.kind === "response" && Buffer.from(exchange.body).toString()).toBe(body);
      }
      // The connection is kept: what was skipped has not confused it.
      expect(target.connections).toBe(1);
    }
  });

  test("after a 421 the next request opens a new connection, after any other answer it does not", async () => {
    const statuses = [200, 425, 421, 200];
    const receiver = kept(await startReceiver({ respond: () => ({ status: statuses.shift() ?? 200 }) }));
    const sender = newSender({ connections: 1 });
    const seen: number[] = [];
    for (let time = 0; time < 4; time++) {
      expect((await sender.send(request(receiver.url))).kind).toBe("response");
      seen.push(receiver.connections);
    }
    expect(seen).toEqual([1, 1, 1, 2]);
    await expect.poll(() => sender.sockets()).toBe(1);
  });

  test("close waits for a request under way", async () => {
    const receiver = kept(await startReceiver({ respond: () => ({ status: 202, delayMs: 100 }) }));
    const sender = createSender({ guard: createGuard({ allowLocal: true }) });
    const exchange = sender.send(request(receiver.url));
    await receiver.waitFor(1);
    await sender.close();
    expect(await exchange).toMatchObject({ kind: "response", status: 202 });
    await expect.poll(() => sender.sockets()).toBe(0);
  });
});
