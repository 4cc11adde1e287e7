import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { createGuard } from "../../../src/endpoint/target/guard.js";
import { createOwnService } from "../../../src/endpoint/target/own-service.js";

const guardOf = (own: Parameters<typeof createOwnService>[0], hosts: Record<string, string> = {}, allowLocal = true) =>
  createGuard({
    allowLocal,
    ownService: createOwnService(own),
    resolve: async (host) => [
      { address: hosts[host] ?? "93.184.216.34", family: (hosts[host] ?? "").includes(":") ? 6 : 4 },
    ],
  });

describe("a URL that is the service's own", () => {
  const guard = guardOf({ publicUrl: "https://Events.Example.COM/base/", listening: "http://127.0.0.1:8080" });
  test.each([
    "https://events.example.com/v1/events",
    "https://EVENTS.example.com",
    "https://events.example.com.",
    "https://events.example.com:443/x",
    "http://events.example.com/v1/events",
    "https://events.example.com/other",
    "http://127.0.0.1:8080/v1/events",
    "http://localhost:8080",
    "http://LOCALHOST:8080/",
    "http://localhost.:8080/",
    "http://[::1]:8080/",
    "http://[::ffff:127.0.0.1]:8080/",
    "http://2130706433:8080/",
    "http://0x7f.1:8080/",
    "http://127.1:8080",
    "http://0177.0.0.1:8080",
    "http://0.0.0.0:8080",
    "http://127.9.9.9:8080",
    "http://me.localhost:8080",
    "https://127.0.0.1:8080/",
  ])("%s is refused", (url) => {
    expect(guard.checkUrl(url)).toMatchObject({ ok: false, code: "target_refused", reason: "own_service" });
  });
  test.each([
    "https://hooks.example.com/v1/events",
    "https://events.example.com:8443/hook",
    "http://127.0.0.1:9090/hook",
    "http://localhost:9090",
  ])("%s is not it", (url) => {
    expect(guard.checkUrl(url)).toMatchObject({ ok: true });
  });
});

test("a name that resolves to where the service listens is refused when saved and when sent", async () => {
  const guard = guardOf(
    { listening: "http://127.0.0.1:8080" },
    { "loop.example.com": "127.0.0.1", "six.example.com": "::1" },
  );
  for (const host of ["loop.example.com", "six.example.com"]) {
    const url = `http://${host}:8080/v1/events`;
    expect(await guard.refuseTarget(url)).toBe(
      "The host name resolves to this service itself: each event would come back as a new one.",
    );
    expect(await guard.resolve(new URL(url))).toEqual({ ok: false, code: "destination_own" });
    expect(await guard.refuseTarget(`http://${host}:9090/hook`)).toBeUndefined();
  }
});

test.each(["0.0.0.0", "[::]"])(
  "a service that listens at %s is found by every address of its machine",
  async (host) => {
    const own =
      Object.values(networkInterfaces())
        .flatMap((some) => some ?? [])
        .find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
    const guard = guardOf({ listening: `http://${host}:8080` }, { "public.example.com": own });
    expect(await guard.resolve(new URL("http://public.example.com:8080/"))).toEqual({
      ok: false,
      code: "destination_own",
    });
    expect(await guard.refuseTarget(`http://${own}:8080/`)).toBe(
      "The URL is this service's own: each event would come back as a new one.",
    );
    expect(await guard.refuseTarget("https://[::1]:8080/")).toBe(
      "The URL is this service's own: each event would come back as a new one.",
    );
  },
);

describe("where the service is", () => {
  const listensAt = (listening: string | undefined, url: string, address: string) =>
    createOwnService(listening === undefined ? {} : { listening }).listensAt(new URL(url), address);
  const named = (own: Parameters<typeof createOwnService>[0], url: string) =>
    createOwnService(own).isNamedBy(new URL(url));

  test("is nowhere for a process that was told of none", () => {
    expect(named({}, "http://localhost/")).toBe(false);
    expect(named({ publicUrl: "no url", listening: "no url" }, "http://localhost/")).toBe(false);
    expect(listensAt(undefined, "http://a.example.com/", "127.0.0.1")).toBe(false);
    expect(listensAt("no url", "http://a.example.com/", "127.0.0.1")).toBe(false);
  });

  test("is at the port of the public URL alone, if that names one", () => {
    const own = { publicUrl: "https://events.example.com.:8443/" };
    const ports = ["https://events.example.com:8443/", "https://events.example.com/", "http://events.example.com/"];
    expect(ports.map((url) => named(own, url))).toEqual([true, false, false]);
    // Of a name only the last full stop goes.
    expect(named(own, "https://events.examplecom:8443/")).toBe(false);
  });

  test("is at the port of its scheme where it listens, if that names none", () => {
    for (const [listening, own, other] of [
      ["http://127.0.0.1", "http://localhost/", "https://localhost/"],
      ["https://127.0.0.1", "https://localhost/", "http://localhost/"],
    ] as const) {
      expect([named({ listening }, own), named({ listening }, other)]).toEqual([true, false]);
      const [there, elsewhere] = [own, other].map((url) => listensAt(listening, url, "127.0.0.1"));
      expect([there, elsewhere]).toEqual([true, false]);
    }
  });

  test("is at a port whatever the scheme of a URL is that names it", () => {
    expect(named({ listening: "http://127.0.0.1" }, "https://localhost:80/")).toBe(true);
    expect(named({ listening: "https://127.0.0.1" }, "http://localhost:443/")).toBe(true);
  });

  test.each([
    "http://localhost:8080",
    "http://127.0.0.1:8080",
    "http://[::1]:8080",
    "http://0.0.0.0:8080",
    "http://[::]:8080",
  ])("is at every loopback address and name if it listens at %s", (listening) => {
    for (const host of ["localhost", "x.localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::]"])
      expect(named({ listening }, `http://${host}:8080/`), host).toBe(true);
    for (const address of ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::"])
      expect(listensAt(listening, "http://a.example.com:8080/", address), address).toBe(true);
    for (const host of ["notlocalhost", "localhost.example.com", "128.0.0.1"])
      expect(named({ listening }, `http://${host}:8080/`), host).toBe(false);
    expect(listensAt(listening, "http://a.example.com:8080/", "93.184.216.34")).toBe(false);
  });

  test.each([
    ["http://10.1.2.3:8080", "10.1.2.3", "10.1.2.4"],
    ["http://[2001:db8::5]:8080", "2001:db8::5", "2001:db8::6"],
  ])("is at one address if it listens at %s", (listening, address, other) => {
    expect(listensAt(listening, "http://a.example.com:8080/", address)).toBe(true);
    for (const elsewhere of [other, "127.0.0.1", "::1"])
      expect(listensAt(listening, "http://a.example.com:8080/", elsewhere), elsewhere).toBe(false);
    expect(named({ listening }, `${listening}/x`)).toBe(true);
    expect(named({ listening }, "http://localhost:8080/")).toBe(false);
  });

  test("is at a name that it listens at, whose addresses are not followed", () => {
    const listening = "http://sealpost.example.com:8080";
    expect(named({ listening }, "http://sealpost.example.com:8080/x")).toBe(true);
    expect(listensAt(listening, "http://a.example.com:8080/", "127.0.0.1")).toBe(false);
  });
});
