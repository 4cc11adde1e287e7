/** A filter is tried on the examples and the newest events of a type, as far as the caller may see them. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { parkedDelivery, recordedEvent } from "../recorded.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
let other: Tenant;
const events: string[] = [];

const amount = (value: number): Buffer => Buffer.from(JSON.stringify({ amount: value, note: `canary-${value}` }));
async function publish(of: Tenant, value: number, minute: number): Promise<string> {
  const id = newId("evt");
  const acceptedAt = new Date(Date.now() - 3_600_000 + minute * 60_000);
  await api.store.events.insertMany([recordedEvent(of, id, amount(value), { acceptedAt })]);
  return id;
}

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "filters");
  other = await makeTenant(api, "strange");
  const examples = [{ amount: 5 }, { amount: 500 }];
  const changed = await api.call("PATCH", `/v1/event-types/${tenant.eventType}`, { body: { examples } });
  expect(changed.status, changed.text).toBe(200);
  for (const [minute, value] of [10, 200, 3_000].entries()) events.push(await publish(tenant, value, minute));
  // The group has deliveries of the first two only.
  const deliveries = events.slice(0, 2).map((id) => ({ ...parkedDelivery(tenant, id), apiId: tenant.apiId }));
  await api.store.deliveries.insertMany(deliveries);
});
afterAll(() => api?.close());

interface View {
  matches?: boolean | null;
  samples?: { from: string; index?: number; eventId?: string; matches: boolean | null; fields: object[] }[];
  warnings?: string[];
}
const tried = async (body: Record<string, unknown>, key = tenant.consumerKey): Promise<View> => {
  const answer = await api.call<View>("POST", "/v1/filters/test", {
    key,
    body: { filter: "data.amount > 100", eventType: tenant.eventType, ...body },
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const words = ({ samples = [] }: View): unknown[] =>
  samples.map(({ index, eventId, matches }) => [index ?? events.indexOf(eventId ?? ""), matches]);

test("on the examples and on the events that the consumer's group has had, newest first", async () => {
  const found = await tried({});
  expect(found).not.toHaveProperty("matches");
  expect(found.samples?.map(({ from }) => from)).toEqual(["example", "example", "event", "event"]);
  expect(words(found)).toEqual([
    [0, false],
    [1, true],
    [1, true],
    [0, false],
  ]);
  expect(found.samples?.[2]).toMatchObject({ fields: [{ field: "data.amount", values: ["200"] }] });
});

test("a provider tries it on all events of its type, and asks for either kind alone", async () => {
  expect(words(await tried({ sample: "recent" }, tenant.providerKey))).toEqual([
    [2, true],
    [1, true],
    [0, false],
  ]);
  expect(words(await tried({ sample: "examples" }, tenant.providerKey))).toEqual([
    [0, false],
    [1, true],
  ]);
});

test("on the events that are named, without those that the caller may not see", async () => {
  const foreign = await publish(other, 900, 0);
  expect(words(await tried({ sample: "recent", events: [...events, foreign] }))).toEqual([
    [1, true],
    [0, false],
  ]);
  const own = { sample: "recent", events: [events[2], foreign, "evt_none"] };
  expect(words(await tried(own, tenant.providerKey))).toEqual([[2, true]]);
});

test("with a payload of one's own besides", async () => {
  expect(await tried({ data: { amount: 1 }, sample: "examples" })).toMatchObject({ matches: false, samples: [{}, {}] });
});

test("a type that is not the caller's to see is unknown", async () => {
  for (const eventType of [other.eventType, "no.such"]) {
    const body = { filter: "true", eventType };
    const problem = await api.problem("POST", "/v1/filters/test", { key: tenant.consumerKey, body });
    expect(problem).toMatchObject({ status: 404, code: "event_type_unknown" });
  }
});

test("what the filter does not name is not told, and the reading is on record", async () => {
  const { id, token } = await api.key({ role: "consumer", groupId: tenant.groupId });
  const found = await tried({ sample: "recent" }, token);
  expect(JSON.stringify(found)).not.toContain("canary");
  const audit = await api.call<{ data: object[] }>("GET", `/v1/audit?actor=key:${id}&action=content.read`);
  expect(audit.body.data).toMatchObject([{ subject: tenant.eventType }]);
  expect(audit.text).toContain(events[0]);
});

test("of large events the newest are read, up to 2 MiB together", async () => {
  const large = await makeTenant(api, "large");
  const sizes = [700_000, 900_000, 600_000];
  const ids: string[] = [];
  for (const [minute, size] of sizes.entries()) {
    const id = newId("evt");
    ids.push(id);
    const payload = Buffer.from(JSON.stringify({ amount: 1, text: "x".repeat(size) }));
    const acceptedAt = new Date(Date.now() - 3_600_000 + minute * 60_000);
    await api.store.events.insertMany([recordedEvent(large, id, payload, { acceptedAt })]);
  }
  const body = { eventType: large.eventType, sample: "recent" };
  const found = await tried(body, large.providerKey);
  expect(found.samples?.map(({ eventId }) => eventId)).toEqual([ids[2], ids[1]]);
});

test("a misspelt name is told, and a mistake with its place", async () => {
  expect((await tried({ filter: "data.amuont > 1" })).warnings).toEqual([expect.stringContaining("data.amuont")]);
  const body = { filter: "data.amount >\n >", eventType: tenant.eventType };
  expect(await api.problem("POST", "/v1/filters/test", { body })).toMatchObject({
    status: 422,
    code: "filter_invalid",
    position: { line: 2, column: 2, offset: 15 },
  });
});

test.each([
  [{ sample: "recent" }],
  [{ events: ["evt_1"] }],
  [{ eventType: "a.b", sample: "all" }],
  [{ eventType: "a.b", events: Array.from({ length: 21 }, (_, i) => `evt_${i}`) }],
])("%j is no question", async (body) => {
  expect(await api.problem("POST", "/v1/filters/test", { body: { filter: "true", ...body } })).toMatchObject({
    status: 400,
  });
});

test.each([
  ["data.n == 9007199254740993", true],
  ["data.n == 9007199254740992", false],
  ["data.n % 10 == 3", true],
])("a number beyond 2^53 is read as a delivery reads it: %s", async (filter, matches) => {
  const answer = await api.call<View>("POST", "/v1/filters/test", {
    key: tenant.consumerKey,
    body: Buffer.from(`{"filter": ${JSON.stringify(filter)}, "data": {"n": 9007199254740993}}`),
    headers: { "content-type": "application/json" },
  });
  expect(answer.body, answer.text).toMatchObject({
    matches,
    fields: [{ field: "data.n", values: ["9007199254740993"] }],
  });
});
