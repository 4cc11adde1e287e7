/** What the guard answers, to the word and to the number, and what it does for origins that are always allowed. */
import { describe, expect, test } from "vitest";
import { createGuard, type GuardOptions } from "../../../src/endpoint/target/guard.js";
import { createOwnService } from "../../../src/endpoint/target/own-service.js";

const DEMO = "http://receiver.example.com:9000";
const url = new URL("https://hooks.example.com/");
const failing = (error: Error): GuardOptions => ({ resolve: () => Promise.reject(error) });
const answering = (...addresses: string[]): GuardOptions => ({
  resolve: async () => addresses.map((address) => ({ address, family: 4 })),
});
const several = (count: number, net: string) => Array.from({ length: count }, (_, index) => `${net}.${index}`);

describe("a failed lookup", () => {
  test.each(["ENOTFOUND", "ENODATA", "EAI_NODATA", "EAI_NONAME"])(
    "by %s says that there is no such name",
    async (code) => {
      const guard = createGuard({
        ...failing(Object.assign(new Error("no"), { code })),
        resolverWorks: async () => false,
      });
      expect(await guard.resolve(url)).toEqual({ ok: false, code: "dns_not_found" });
    },
  );

  test.each([Object.assign(new Error("no"), { code: "ESERVFAIL" }), new Error("no code")])(
    "by %o may pass, and is ours if our own name server does not answer",
    async (error) => {
      const works = createGuard({ ...failing(error), resolverWorks: async () => true });
      expect(await works.resolve(url)).toEqual({ ok: false, code: "dns_temporary" });
      expect(await createGuard(failing(error)).resolve(url)).toEqual({ ok: false, code: "dns_temporary" });
      const gone = createGuard({ ...failing(error), resolverWorks: async () => false });
      expect(await gone.resolve(url)).toEqual({ ok: false, code: "resolver_unavailable" });
    },
  );
});

test.each<[string, GuardOptions]>([
  ["The host name resolves to an address that is not public.", answering("10.0.0.1")],
  ["The host name does not resolve to any address.", answering()],
  ["The host name could not be resolved just now (its name server failed); try again later.", failing(new Error("no"))],
  ["The host name could not be resolved in time; try again later.", { resolve: () => new Promise(() => undefined) }],
  [
    "Our own name server does not answer; try again later.",
    { ...failing(new Error("no")), resolverWorks: async () => false },
  ],
])("whoever saves an endpoint is told: %s", async (said, options) => {
  const guard = createGuard({ resolveTimeoutMs: 20, ...options });
  expect(await guard.refuseTarget(url.href)).toBe(said);
});

test("whoever saves an address that is not public is told so", () => {
  expect(createGuard().checkUrl("https://10.0.0.1/")).toMatchObject({
    code: "target_refused",
    explanation: "The host is not a public address.",
  });
});

describe("an origin that is always allowed", () => {
  const demo = new URL(DEMO);
  const guardOf = (options: GuardOptions) => createGuard({ alwaysAllowedOrigins: [`${DEMO}/some/path`], ...options });

  test("may have any address, of which sixteen are tried", async () => {
    const check = await guardOf(answering(...several(20, "10.0.0"))).resolve(demo);
    expect(check.ok && check.addresses.map(({ address }) => address)).toEqual(several(16, "10.0.0"));
  });

  test("needs an address, before a connection and at its end", async () => {
    expect(await guardOf(answering()).resolve(demo)).toEqual({ ok: false, code: "dns_not_found" });
    expect(guardOf({}).allowsPeer(demo, "10.0.0.1")).toBe(true);
    expect(guardOf({}).allowsPeer(demo, undefined)).toBe(false);
  });

  test("may be where the service itself listens, which no other may", async () => {
    const ownService = createOwnService({ listening: "http://10.0.0.1:9000" });
    const guard = guardOf({ ...answering("10.0.0.1"), allowLocal: true, ownService });
    expect((await guard.resolve(demo)).ok).toBe(true);
    expect(await guard.resolve(new URL("http://other.example.com:9000/"))).toEqual({
      ok: false,
      code: "destination_own",
    });
    expect((await guard.resolve(new URL("http://other.example.com:9001/"))).ok).toBe(true);
  });
});

test("sixteen public addresses are kept, the first ones", () => {
  const given = several(17, "93.184.215").map((address) => ({ address, family: 4 }));
  expect(createGuard().checkAddresses(given)).toEqual({ ok: true, addresses: given.slice(0, 16) });
  expect(createGuard().checkAddresses([])).toEqual({ ok: false, code: "dns_not_found" });
});

test("an address of IPv6 is given on as one, without its brackets", async () => {
  expect(await createGuard().resolve(new URL("https://[2606:4700::1]/"))).toEqual({
    ok: true,
    addresses: [{ address: "2606:4700::1", family: 6 }],
  });
});
