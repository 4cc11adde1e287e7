import { describe, expect, test } from "vitest";
import { classify } from "../../src/endpoint/classify.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createSender } from "../../src/endpoint/send.js";
import { startReceiver } from "../support/receiver.js";
import { kept, newSender, request, hostile, ok, setUpSend } from "./send-setup.js";

setUpSend();

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
  test("a request that is given up while it waits for a connection is never sent", async () => {
    const bodies: string[] = [];
    let release: (() => void) | undefined;
    const receiver = await hostile({
      onRequest: (socket, head) => {
        bodies.push(head.toString("latin1").split("\r\n\r\n")[1] as string);
        if (bodies.length > 1) socket.write(ok());
        else release = () => void socket.write(ok());
      },
    });
    const sender = newSender({ connections: 1, connectionWaitMs: 50 });
    const first = sender.send(request(receiver.url, { body: Buffer.from("first") }));
    await expect.poll(() => release).toBeDefined();
    const second = await sender.send(request(receiver.url, { body: Buffer.from("second") }));
    expect(classify(second, Date.now())).toEqual({ class: "ours", code: "timeout_total" });
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
    ["behind blank lines and before others", `\r\n\n${CONTINUE}\r\n`],
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
