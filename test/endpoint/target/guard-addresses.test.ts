import { describe, expect, test } from "vitest";
import { isLocalAddress, isPublicAddress } from "../../../src/endpoint/target/deny-list.js";
import { createGuard } from "../../../src/endpoint/target/guard.js";
import { stubResolver } from "../../support/resolver.js";

describe("addresses", () => {
  test.each([
    "0.0.0.0",
    "10.0.0.5",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.255.255",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:808:808",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2606:4700::1111%eth0",
    "0x7f.1",
    "2130706433",
    "127.1",
    "",
    "example.com",
  ])("%s is not public", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
  test.each([
    "8.8.8.8",
    "93.184.215.14",
    "172.32.0.1",
    "172.15.255.255",
    "100.128.0.1",
    "100.63.255.255",
    "192.0.1.1",
    "198.20.0.1",
    "223.255.255.255",
    "168.63.129.17",
    "2606:4700::1111",
    "2001:200::1",
    "2a00::1",
    "2620:4f:8001::1",
  ])("%s is public", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
  test.each([
    ["127.0.0.1", true],
    ["192.168.1.1", true],
    ["::1", true],
    ["fd12::1", true],
    ["169.254.169.254", false],
    ["fd20:ce::254", false],
    ["8.8.8.8", false],
    ["100.100.100.200", false],
  ])("%s is local: %s", (address, expected) => {
    expect(isLocalAddress(address)).toBe(expected);
  });
  test("our own are refused, however they are written", () => {
    const guard = createGuard({ ownAddresses: ["93.184.215.0/24", "2606:4700::1"] });
    const verdict = (address: string, family: number) => guard.checkAddresses([{ address, family }]);
    expect(verdict("93.184.215.14", 4)).toEqual({ ok: false, code: "destination_blocked" });
    expect(verdict("2606:4700:0::1", 6)).toEqual({ ok: false, code: "destination_blocked" });
    expect(verdict("93.184.216.14", 4).ok).toBe(true);
    expect(() => createGuard({ ownAddresses: ["our.example.com"] })).toThrow(/"our.example.com" is not an IP address/);
    expect(() => createGuard({ ownAddresses: ["10.0.0.0/33"] })).toThrow(RangeError);
  });
});

test("the peer of a connection is judged like an address", () => {
  const guard = createGuard({ alwaysAllowedOrigins: ["http://127.0.0.1:9000"], ownAddresses: ["93.184.215.14"] });
  const allows = (url: string, address: string | undefined) => guard.allowsPeer(new URL(url), address);
  expect(allows("https://example.com/", "8.8.8.8")).toBe(true);
  expect(allows("http://127.0.0.1:9000/", "127.0.0.1")).toBe(true);
  for (const address of ["127.0.0.1", "::ffff:10.0.0.1", "93.184.215.14", undefined])
    expect(allows("https://example.com/", address)).toBe(false);
});

describe("what a name resolves to", () => {
  const resolved = async (answers: Parameters<typeof stubResolver>[0][string], host = "hooks.example.com") => {
    const resolver = stubResolver({ [host]: answers });
    const guard = createGuard({ resolve: resolver.resolve, resolveTimeoutMs: 50 });
    return { result: await guard.resolve(new URL(`https://${host}/`)), asked: resolver.asked };
  };
  test("D1: one public address is kept, after one lookup", async () => {
    expect(await resolved([["93.184.215.14"]])).toEqual({
      result: { ok: true, addresses: [{ address: "93.184.215.14", family: 4 }] },
      asked: ["hooks.example.com"],
    });
  });
  test.each([
    ["D2 loopback", ["127.0.0.1"]],
    ["D3 public and private", ["93.184.215.14", "10.0.0.5"]],
    ["D4 mapped", ["::ffff:127.0.0.1"]],
    ["D4 NAT64", ["64:ff9b::7f00:1"]],
    ["D4 6to4", ["2002:7f00:1::"]],
    ["D6 the end of a CNAME chain", ["10.0.0.5"]],
    ["D11 unspecified", ["0.0.0.0"]],
    [
      "D10 a private one behind 499 public ones",
      [...Array.from({ length: 499 }, (_, i) => `93.184.${i >> 8}.${i & 255}`), "10.0.0.5"],
    ],
  ])("%s is blocked", async (_name, answer) => {
    expect((await resolved([answer])).result).toEqual({ ok: false, code: "destination_blocked" });
  });
  test("row 43: a name that embeds an address is judged by its answer", async () => {
    expect((await resolved([["127.0.0.1"]], "127.0.0.1.nip.io")).result).toEqual({
      ok: false,
      code: "destination_blocked",
    });
  });
  test("D10: of 500 addresses 16 are kept", async () => {
    const { result } = await resolved([Array.from({ length: 500 }, (_, i) => `93.184.${i >> 8}.${i & 255}`)]);
    expect(result.ok && result.addresses.length).toBe(16);
  });
  test.each([
    ["D7 NXDOMAIN", { code: "ENOTFOUND" }, "dns_not_found"],
    ["D7 NODATA", { code: "ENODATA" }, "dns_not_found"],
    ["D7 an empty answer", [], "dns_not_found"],
    ["D8 SERVFAIL", { code: "ESERVFAIL" }, "dns_temporary"],
    ["D8 try again", { code: "EAI_AGAIN" }, "dns_temporary"],
    ["D9 silence", "never" as const, "dns_timeout"],
  ])("%s", async (_name, answer, code) => {
    expect((await resolved([answer])).result).toEqual({ ok: false, code });
  });
  test.each([
    ["fails", { code: "EAI_AGAIN" }, "resolver_unavailable", true],
    ["is silent", "never" as const, "resolver_unavailable", true],
    ["says that there is none", { code: "ENOTFOUND" }, "dns_not_found", false],
  ])(
    "when our own name server is gone and the lookup %s, it is asked where that decides",
    async (_n, answer, code, asks) => {
      let asked = false;
      const resolverWorks = () => {
        asked = true;
        return Promise.resolve(false);
      };
      const { resolve } = stubResolver({ "hooks.example.com": [answer] });
      const guard = createGuard({ resolve, resolveTimeoutMs: 50, resolverWorks });
      expect(await guard.resolve(new URL("https://hooks.example.com/"))).toEqual({ ok: false, code });
      expect(asked).toBe(asks);
    },
  );
  test("IP literals are checked without a lookup", async () => {
    const resolver = stubResolver({});
    const guard = createGuard({ resolve: resolver.resolve });
    expect(await guard.resolve(new URL("https://[::ffff:127.0.0.1]/"))).toEqual({
      ok: false,
      code: "destination_blocked",
    });
    expect(await guard.resolve(new URL("https://2130706433/"))).toEqual({ ok: false, code: "destination_blocked" });
    expect((await guard.resolve(new URL("https://[2606:4700::1111]/"))).ok).toBe(true);
    expect(resolver.asked).toEqual([]);
  });
  test("D13: the default resolver reads the hosts file", async () => {
    expect(await createGuard().resolve(new URL("https://localhost/"))).toEqual({
      ok: false,
      code: "destination_blocked",
    });
  });
});
