import { afterEach, describe, expect, test } from "vitest";
import { type Agents, type AgentsOptions, createAgents } from "../../src/endpoint/agents.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createCertificateAuthority } from "../support/certificates.js";

let agents: Agents | undefined;
afterEach(async () => agents?.close());
const create = (options: Partial<AgentsOptions> = {}) => (agents = createAgents({ guard: createGuard(), ...options }));
const url = "https://hooks.example.com/a?b=c";
const acquire = (subscriptionId: string, over: Partial<Parameters<Agents["acquire"]>[0]> = {}) => {
  const acquired = (agents as Agents).acquire({ subscriptionId, url, version: 1, ...over });
  if (!acquired.ok) throw new Error(acquired.code);
  return acquired.endpoint;
};

describe("the connections of a subscription", () => {
  test("stay while nothing that matters to them changes", () => {
    create();
    const first = acquire("sub_1");
    expect(first.path).toBe("/a?b=c");
    expect(acquire("sub_1")).toBe(first);
    expect(acquire("sub_1", { version: 2 })).toBe(first);
    expect(acquire("sub_2")).not.toBe(first);
  });

  test("are closed when URL, TLS version, authority or certificate change", async () => {
    create();
    const authority = await createCertificateAuthority();
    const client = await authority.issue({ usage: "client" });
    const changes = [
      { url: "https://other.example.com/" },
      { tls: { minVersion: "TLSv1.2" as const } },
      { tls: { ca: authority.ca } },
      { tls: { ca: authority.ca, clientCert: client.cert, clientKey: client.key } },
    ];
    let before = acquire("sub_1");
    for (const [i, change] of changes.entries()) {
      const after = acquire("sub_1", { version: i + 2, ...change });
      expect(after).not.toBe(before);
      expect(before.pool.closed).toBe(true);
      expect(after.pool.closed).toBe(false);
      before = after;
    }
    expect(before.clientCertificate).toBe(true);
  });

  test("are bounded: those unused longest are closed", () => {
    const bounded = create({ maxEndpoints: 2 });
    const [one, two] = [acquire("sub_1"), acquire("sub_2")];
    acquire("sub_1");
    acquire("sub_3");
    expect([one.pool.closed, two.pool.closed, bounded.endpoints()]).toEqual([false, true, 2]);
  });

  test("are all closed at the end", async () => {
    const all = create();
    const some = ["sub_1", "sub_2"].map((id) => acquire(id));
    await all.close();
    expect(some.map((endpoint) => endpoint.pool.destroyed)).toEqual([true, true]);
    expect(all.endpoints()).toBe(0);
  });
});

test("an endpoint that the guard refuses has none", () => {
  const refused = create().acquire({ subscriptionId: "sub_1", url: "https://127.0.0.1/", version: 1 });
  expect(refused).toEqual({ ok: false, code: "target_refused" });
});
