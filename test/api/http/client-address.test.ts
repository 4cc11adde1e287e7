import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { createClientAddress } from "../../../src/api/http/client-address.js";

const request = (remoteAddress: string | undefined, forwarded?: string) => ({
  headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
  socket: { remoteAddress } as Socket,
});

test.each<[string, string[], string | undefined, string | undefined, string]>([
  ["no proxy is trusted", [], "203.0.113.1", "1.2.3.4", "203.0.113.1"],
  ["the peer is not trusted", ["10.0.0.0/8"], "203.0.113.1", "1.2.3.4", "203.0.113.1"],
  ["one proxy", ["10.0.0.0/8"], "10.0.0.2", "203.0.113.1", "203.0.113.1"],
  ["a forged value to the left", ["10.0.0.0/8"], "10.0.0.2", "1.2.3.4, 203.0.113.1", "203.0.113.1"],
  ["a forged value that looks trusted", ["10.0.0.0/8"], "10.0.0.2", "10.9.9.9, 203.0.113.1", "203.0.113.1"],
  ["two proxies", ["10.0.0.0/8"], "10.0.0.2", "203.0.113.1, 10.0.0.3", "203.0.113.1"],
  ["proxies only", ["10.0.0.0/8"], "10.0.0.2", "10.0.0.4,10.0.0.3", "10.0.0.4"],
  ["no header", ["10.0.0.0/8"], "10.0.0.2", undefined, "10.0.0.2"],
  ["nonsense in it", ["10.0.0.0/8"], "10.0.0.2", "203.0.113.1, unknown", "10.0.0.2"],
  ["an empty header", ["10.0.0.0/8"], "10.0.0.2", "", "10.0.0.2"],
  ["IPv6 and a mapped peer", ["10.0.0.0/8", "fd00::/8"], "::ffff:10.0.0.2", "2001:db8::1, fd00::3", "2001:db8::1"],
  ["the connection has gone", ["10.0.0.0/8"], undefined, "203.0.113.1", ""],
])("%s", (_name, trusted, peer, forwarded, expected) => {
  expect(createClientAddress(trusted)(request(peer, forwarded))).toBe(expected);
});

test("a long forged list is cut", () => {
  const address = createClientAddress(["10.0.0.0/8"]);
  expect(address(request("10.0.0.2", `${"10.0.0.9, ".repeat(5_000)}10.0.0.3`))).toBe("10.0.0.9");
});
