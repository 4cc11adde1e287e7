import { type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { classify } from "../../src/endpoint/classify.js";
import { type HostileOptions } from "../support/hostile-receiver.js";
import { newSender, request, hostile, ok, setUpSend } from "./send-setup.js";

setUpSend();

const answer = (text: string) => (socket: Socket) => void socket.write(text);
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
    "16 a status of four digits that begins like an informational one",
    { onRequest: answer("HTTP/1.1 1000 Continue\r\ncontent-length: 0\r\n\r\n") },
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
  ...[
    "HTTP/1.1 103x",
    "RTSP/1.0 200 OK",
    "ICE/1.0 200 OK",
    "\r\nRTSP/1.0 200 OK",
    `${"\r\n".repeat(20)}RTSP/1.0 200 OK`,
    "HTTP/1.1 103 Early Hints\r\n\r\nRTSP/1.0 200 OK",
  ].map((line): (typeof FAILURES)[number] => [
    `17 answers ${JSON.stringify(line)}`,
    { onRequest: answer(`${line}\r\ncontent-length: 0\r\n\r\n`) },
    { class: "retry", code: "protocol_error" },
  ]),
  [
    "17 answers in RTSP, a byte at a time",
    { onRequest: (socket) => drip(socket, "\r\nRTSP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", 2) },
    { class: "retry", code: "protocol_error" },
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
