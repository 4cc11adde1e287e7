/** Who hears of which delivery, what is never missed, and how a stream ends. */
import net from "node:net";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { SESSION_COOKIE } from "../../../../src/api/http/cookies.js";
import { createBrowser, makeCompany } from "../../browser.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../../running-api.js";
import { bearer, deliveryNow, listen, type Listening, WITHIN } from "./listening.js";

let api: RunningApi;
let mine: Tenant;
let others: Tenant;
/** How often the store was asked what changed. */
let asked = 0;
const open: Listening[] = [];

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    between: (store) => ({
      ...store,
      deliveries: {
        ...store.deliveries,
        recentChanges: (since, most) => {
          asked++;
          return store.deliveries.recentChanges(since, most);
        },
      },
    }),
  });
  [mine, others] = [await makeTenant(api, "mine"), await makeTenant(api, "others")];
});
afterAll(() => api?.close());

async function hear(query = "", headers: Record<string, string> = bearer(mine.consumerKey)): Promise<Listening> {
  const listening = await listen(api, query, headers);
  open.push(listening);
  return listening;
}
/** Nobody listens any more, and the service knows. */
async function silence(): Promise<void> {
  const closed = open.splice(0);
  closed.forEach((each) => each.close());
  await Promise.all(closed.map(({ ended }) => ended));
  const connections = () => new Promise((resolve) => api.server.getConnections((_error, count) => resolve(count)));
  await expect.poll(async () => Number(await connections()) <= 64, WITHIN).toBe(true);
}
const insert = (...deliveries: ReturnType<typeof deliveryNow>[]) => api.store.deliveries.insertMany(deliveries);
const heard = (listening: Listening) => expect.poll(() => listening.told(), WITHIN);
const idOf = (tenant: Tenant, eventId: string) => deliveryNow(tenant, eventId).id;

describe("a stream", () => {
  it("greets, tells of new deliveries and of their changes, and names ids only", async () => {
    const listening = await hear();
    expect(listening.status).toBe(200);
    expect(listening.headers).toMatchObject({
      "content-type": "text/event-stream",
      "x-accel-buffering": "no",
      "cache-control": "no-store",
    });
    await insert(deliveryNow(mine, "s-1"));
    await heard(listening).toEqual([idOf(mine, "s-1")]);
    const attempt = { number: 1, at: new Date(), outcome: "http_4xx", status: 422, durationMs: 5 };
    await api.store.deliveries.record([{ id: idOf(mine, "s-1"), status: "parked", attempt, attemptCount: 1 }]);
    await expect.poll(() => listening.events.at(-1)?.data["status"], WITHIN).toBe("parked");
    expect(listening.events[0]).toMatchObject({ event: "hello", data: {} });
    const last = listening.events.at(-1);
    expect(last?.id).toMatch(/^[0-9a-z]+$/);
    expect(last?.data).toEqual({
      id: idOf(mine, "s-1"),
      status: "parked",
      subscriptionId: mine.subscriptionId,
      eventType: mine.eventType,
      attemptCount: 1,
      lastStatus: 422,
      updatedAt: expect.any(String) as string,
    });
    await silence();
  });

  it("tells a consumer nothing of another group, and everybody what they may see", async () => {
    const [consumer, provider, admin] = [
      await hear(),
      await hear("", bearer(others.providerKey)),
      await hear("", bearer(api.adminKey)),
    ];
    await insert(deliveryNow(others, "theirs"), deliveryNow(mine, "ours"));
    await heard(admin).toEqual(expect.arrayContaining([idOf(others, "theirs"), idOf(mine, "ours")]));
    await heard(consumer).toContain(idOf(mine, "ours"));
    await heard(provider).toContain(idOf(others, "theirs"));
    // Both are told in the same look, so what is not there by now does not come.
    expect(JSON.stringify(consumer.events)).not.toContain("theirs");
    expect(JSON.stringify(consumer.events)).not.toContain(others.subscriptionId);
    expect(JSON.stringify(provider.events)).not.toContain(mine.subscriptionId);
    await silence();
  });

  it("is filtered by status, group, subscription and event type", async () => {
    const all = await hear();
    const parked = await hear("status=parked,exhausted");
    const [group, type, subscription] = [
      await hear(`groupId=${mine.groupId}`, bearer(api.adminKey)),
      await hear("eventType=other.type"),
      await hear(`subscriptionId=${others.subscriptionId}`, bearer(api.adminKey)),
    ];
    await insert(deliveryNow(mine, "f-1"), deliveryNow(mine, "f-2", { status: "parked" }), deliveryNow(others, "f-3"));
    await heard(all).toEqual(expect.arrayContaining([idOf(mine, "f-1"), idOf(mine, "f-2")]));
    await heard(parked).toContain(idOf(mine, "f-2"));
    await heard(group).toEqual(expect.arrayContaining([idOf(mine, "f-1"), idOf(mine, "f-2")]));
    await heard(subscription).toContain(idOf(others, "f-3"));
    expect(parked.told()).not.toContain(idOf(mine, "f-1"));
    expect(group.told()).not.toContain(idOf(others, "f-3"));
    expect(type.told()).toEqual([]);
    expect(subscription.told()).not.toContain(idOf(mine, "f-1"));
    await silence();
  });

  it.each([
    ["another group", () => `groupId=${others.groupId}`, 404, "not_found"],
    ["another group's subscription", () => `subscriptionId=${others.subscriptionId}`, 404, "not_found"],
    ["an unknown status", () => "status=lost", 400, "invalid_request"],
    ["an unknown parameter", () => "colour=red", 400, "invalid_request"],
  ])("is refused for %s", async (_what, query, status, code) => {
    expect(await api.problem("GET", `/v1/stream?${query()}`, { key: mine.consumerKey })).toMatchObject({
      status,
      code,
    });
  });

  it("of another group is on record as refused", async () => {
    await expect
      .poll(async () => (await api.call("GET", "/v1/audit?action=access.refuse&subject=streamDeliveries")).text, WITHIN)
      .toContain("streamDeliveries");
  });

  it("needs a key", async () => {
    expect(await api.problem("GET", "/v1/stream", { key: "" })).toMatchObject({ status: 401 });
  });

  it("has an answer to HEAD, which ends", async () => {
    expect((await api.call("HEAD", "/v1/stream")).status).toBe(200);
  });
});

describe("one who comes back", () => {
  it("has missed nothing, compared with the list", async () => {
    const first = await hear();
    const made: string[] = [];
    const make = async (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        made.push(idOf(mine, `back-${n}`));
        await insert(deliveryNow(mine, `back-${n}`));
      }
    };
    await make(0, 10);
    await heard(first).toContain(made[0]);
    first.close();
    await first.ended;
    await make(10, 20);
    const second = await hear("", { ...bearer(mine.consumerKey), "last-event-id": String(first.events.at(-1)?.id) });
    await make(20, 30);
    await heard(second).toContain(made[29]);
    const list = await api.call<{ data: { id: string }[] } & Record<string, unknown>>(
      "GET",
      "/v1/deliveries?since=-10m&limit=250",
      { key: mine.consumerKey },
    );
    const listed = list.body.data.map(({ id }) => id).filter((id) => id.startsWith("back-"));
    const told = new Set([...first.told(), ...second.told()]);
    expect(listed.sort()).toEqual([...made].sort());
    expect(listed.filter((id) => !told.has(id))).toEqual([]);
    await silence();
  });

  it.each([
    ["too late", () => (Date.now() - 6 * 60_000).toString(36)],
    ["from ahead", () => (Date.now() + 6 * 60_000).toString(36)],
    ["with no cursor of ours", () => "%00 or 1=1"],
  ])("%s starts again from the list", async (_what, cursor) => {
    const listening = await hear("", { ...bearer(mine.consumerKey), "last-event-id": cursor() });
    await expect.poll(() => listening.events.map(({ event }) => event).slice(0, 2), WITHIN).toEqual(["hello", "reset"]);
    await silence();
  });
});

describe("a stream ends", () => {
  it("when its key is revoked, and others go on", async () => {
    const { id, token } = await api.key({ role: "consumer", groupId: mine.groupId });
    const [revoked, other] = [await hear("", bearer(token)), await hear()];
    expect((await api.call("DELETE", `/v1/api-keys/${id}`)).status).toBe(204);
    await revoked.ended;
    await insert(deliveryNow(mine, "after-revoke"));
    await heard(other).toContain(idOf(mine, "after-revoke"));
    expect(revoked.told()).not.toContain(idOf(mine, "after-revoke"));
    await silence();
  });

  it("when the person logs out, and when the person acts in another role", async () => {
    const company = await makeCompany(api, {
      roles: (["operator", "auditor"] as const).map((role) => ({ samlGroup: role, role })),
    });
    const browser = createBrowser(api.url);
    await company.logIn(browser, { nameId: "listens", groups: ["operator", "auditor"] });
    const cookie = () => ({ cookie: `${SESSION_COOKIE}=${browser.cookies.get(SESSION_COOKIE)}` });
    const before = await hear("", cookie());
    expect(before.status).toBe(200);
    const [{ role }] = [(await browser.call("GET", "/v1/me")).json as { role: string }];
    const another = role === "auditor" ? "operator" : "auditor";
    expect((await browser.call("POST", "/v1/me/role", { role: another })).status).toBeLessThan(300);
    await before.ended;
    const after = await hear("", cookie());
    expect(after.status).toBe(200);
    await browser.submit("/logout");
    await after.ended;
    await silence();
  });

  it("for one who reads too slowly, while others get everything", async () => {
    const reader = await hear();
    const slow = net.connect(api.port, "127.0.0.1");
    const cut = new Promise<void>((resolve) => slow.on("close", () => resolve()));
    slow.on("error", () => undefined);
    slow.write(`GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${mine.consumerKey}\r\n\r\n`);
    await new Promise((resolve) => slow.once("readable", resolve));
    // Escaped, such an id has 762 characters. The system's own buffers take some megabytes before anything is unsent.
    const long = (n: number) => `${":".repeat(245)}${String(n).padStart(7, "0")}`;
    const count = 9_000;
    for (let from = 0; from < count; from += 500)
      await insert(...Array.from({ length: 500 }, (_, n) => deliveryNow(mine, long(from + n))));
    const read = () => reader.told().filter((id) => id.startsWith("~3A")).length;
    await expect.poll(read, { timeout: 120_000, interval: 500 }).toBe(count);
    slow.resume();
    await cut;
    await silence();
  }, 300_000);

  it("when the process begins to stop, and none is begun any more", async () => {
    const stopping = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      beside: api,
    });
    const listening = await listen(stopping, "", bearer(mine.consumerKey));
    stopping.drain();
    await listening.ended;
    expect(await stopping.problem("GET", "/v1/stream", { key: mine.consumerKey })).toMatchObject({
      status: 503,
      code: "not_ready",
    });
    await stopping.close();
  });
});

describe("many", () => {
  it("500 hear of the same delivery, one key may have 20 and a process 500", async () => {
    await silence();
    const keys = await Promise.all(
      Array.from({ length: 25 }, () => api.key({ role: "consumer", groupId: mine.groupId })),
    );
    const listening: Listening[] = [];
    for (const { token } of keys)
      listening.push(...(await Promise.all(Array.from({ length: 20 }, () => hear("", bearer(token))))));
    expect(listening.filter(({ status }) => status === 200)).toHaveLength(500);
    for (const key of [String(keys[0]?.token), mine.consumerKey])
      expect(await api.problem("GET", "/v1/stream", { key })).toMatchObject({ status: 429, code: "rate_limited" });
    await insert(deliveryNow(mine, "for-all"));
    const id = idOf(mine, "for-all");
    await expect.poll(() => listening.filter((each) => each.told().includes(id)).length, WITHIN).toBe(500);
    listening[0]?.close();
    await expect.poll(async () => (await hear("", bearer(String(keys[0]?.token)))).status, WITHIN).toBe(200);
    await silence();
  }, 180_000);

  it("one key may have 20, whatever others have", async () => {
    const all = await Promise.all(Array.from({ length: 21 }, () => hear()));
    expect(all.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 20 }, () => 200), 429]);
    await silence();
  });
});

it("while nobody listens, the store is asked nothing", async () => {
  await silence();
  const first = await hear();
  const before = asked;
  await expect.poll(() => asked, WITHIN).toBeGreaterThan(before + 1);
  first.close();
  await silence();
  // A look that was under way when the last one left may still end.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const quiet = asked;
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect(asked).toBe(quiet);
});
