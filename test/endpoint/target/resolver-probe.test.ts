import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { createResolverProbe } from "../../../src/endpoint/target/resolver-probe.js";

/** RFC 1035, 4.1.1. */
const RCODE = { works: 0, serverFails: 2, noSuchName: 3, refuses: 5 };

let server: Socket | undefined;
afterEach(() => server?.close());

/** A name server that answers every question alike, or never. */
async function nameServer(rcode: number | "silent") {
  const asked: Buffer[] = [];
  const socket = createSocket("udp4");
  server = socket;
  socket.on("message", (question, { port, address }) => {
    asked.push(question);
    if (rcode === "silent") return;
    const answer = Buffer.from(question);
    // It is an answer, and the server recurses.
    answer.writeUInt16BE(0x8180 | rcode, 2);
    socket.send(answer, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { asked, servers: [`127.0.0.1:${socket.address().port}`] };
}

describe("our name server", () => {
  it.each([
    ["works", "knows the name", RCODE.works, true],
    ["works", "knows no such name", RCODE.noSuchName, true],
    ["works", "refuses the question", RCODE.refuses, true],
    ["is gone", "reaches no other server", RCODE.serverFails, false],
    ["is gone", "says nothing", "silent", false],
  ] as const)("%s when it %s", async (_state, _what, rcode, works) => {
    const { servers } = await nameServer(rcode);
    expect(await createResolverProbe({ servers, waitMs: 300 })()).toBe(works);
  });

  it("is gone when nothing listens there", async () => {
    const { servers } = await nameServer("silent");
    server?.close();
    server = undefined;
    expect(await createResolverProbe({ servers, waitMs: 300 })()).toBe(false);
  });

  it("is asked once by many, and again after five seconds", async () => {
    const { asked, servers } = await nameServer(RCODE.works);
    let now = 0;
    const works = createResolverProbe({ servers, now: () => now });
    await Promise.all(Array.from({ length: 50 }, works));
    now = 4_999;
    await works();
    expect(asked).toHaveLength(1);
    now = 5_000;
    await works();
    expect(asked).toHaveLength(2);
  });
});
