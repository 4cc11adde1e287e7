/** What is found, by whom, and that another group's objects are not. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { deliveryIdOf, escapeEventId } from "../../src/workflows/event-id.js";
import { deliveryNow } from "./deliveries/stream/listening.js";
import { recordedEvent } from "./recorded.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "./running-api.js";

let api: RunningApi;
let mine: Tenant;
let others: Tenant;
let operator: string;
const EVENT = "ord:4711/a";
const THEIRS = "ord:4712";
/** Reads of a whole collection. */
let lists = 0;

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    between: (store) => ({
      ...store,
      deliveries: {
        ...store.deliveries,
        list: (page, filter) => {
          lists++;
          return store.deliveries.list(page, filter);
        },
      },
    }),
  });
  [mine, others] = [await makeTenant(api, "mine"), await makeTenant(api, "others")];
  operator = (await api.key({ role: "operator" })).token;
  await api.store.events.insertMany([recordedEvent(mine, EVENT), recordedEvent(others, THEIRS)]);
  await api.store.deliveries.insertMany([deliveryNow(mine, EVENT), deliveryNow(others, THEIRS)]);
});
afterAll(() => api?.close());

interface Result {
  kind: string;
  id: string;
  title: string;
  href: string;
}
async function search(q: string, key = mine.consumerKey): Promise<Result[]> {
  const answer = await api.call<{ data: Result[] } & Record<string, unknown>>(
    "GET",
    `/v1/search?q=${encodeURIComponent(q)}`,
    { key },
  );
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data;
}
const kinds = async (q: string, key?: string) => (await search(q, key)).map(({ kind, id }) => `${kind} ${id}`);
const delivery = () => deliveryIdOf(EVENT, mine.subscriptionId);

describe("what is found", () => {
  it("by the id of a delivery, with a name and the page to go to", async () => {
    expect(await search(delivery())).toEqual([
      {
        kind: "delivery",
        id: delivery(),
        title: `${mine.eventType} → 8.8.8.8`,
        href: `/portal/deliveries/${encodeURIComponent(delivery())}`,
      },
    ]);
  });
  it("by the id of an event and by its webhook-id: the event for who may read it, and its deliveries", async () => {
    for (const q of [EVENT, escapeEventId(EVENT)]) {
      expect(await kinds(q), q).toEqual([`delivery ${delivery()}`]);
      expect(await kinds(q, operator), q).toEqual([`event ${EVENT}`, `delivery ${delivery()}`]);
    }
  });
  it("by a subscription, a group, an event type and its beginning, and a URL", async () => {
    expect(await kinds(mine.subscriptionId)).toEqual([`subscription ${mine.subscriptionId}`]);
    expect(await kinds(mine.groupId)).toEqual([`group ${mine.groupId}`]);
    expect((await search(mine.subscriptionId))[0]?.href).toBe(`/portal/subscriptions/${mine.subscriptionId}`);
    expect(await kinds(mine.eventType)).toEqual([`event_type ${mine.eventType}`]);
    expect(await kinds("mine.")).toEqual([`event_type ${mine.eventType}`]);
    expect(await kinds("https://8.8.8.8/hook")).toEqual([`subscription ${mine.subscriptionId}`]);
    expect(await kinds("https://8.8.8.8/", operator)).toHaveLength(2);
  });
  it("by the id of a workflow, whose parts are ids", async () => {
    expect(await kinds(`resend/${delivery()}`)).toContain(`delivery ${delivery()}`);
    expect(await kinds(`retry/batch_01K3ZJ8Q5T9V7X2M4N6P8R0S1W/${mine.subscriptionId}`)).toEqual([
      `subscription ${mine.subscriptionId}`,
    ]);
  });
  it("without a read of a whole collection", async () => {
    lists = 0;
    for (const q of [EVENT, delivery(), "nothing", mine.subscriptionId, "https://8.8.8.8/"])
      await search(q, api.adminKey);
    expect(lists).toBe(0);
  });
});

describe("what is not found", () => {
  it("is another group's, by whatever name", async () => {
    const theirs = deliveryIdOf(THEIRS, others.subscriptionId);
    for (const q of [
      THEIRS,
      theirs,
      others.subscriptionId,
      others.groupId,
      others.eventType,
      `resend/${theirs}`,
      `retry/x/${others.subscriptionId}`,
    ])
      expect(await search(q), q).toEqual([]);
    for (const q of [THEIRS, theirs, others.subscriptionId]) expect(await search(q, mine.providerKey), q).toEqual([]);
  });
  it("is what the URL hides from the one who asks", async () => {
    const { body } = await api.call("POST", "/v1/subscriptions", {
      body: { groupId: mine.groupId, url: "https://9.9.9.9/in?token=canary", eventTypes: [mine.eventType] },
    });
    expect(await kinds("https://9.9.9.9/in?token=canary")).toEqual([`subscription ${String(body["id"])}`]);
    expect(await search("https://9.9.9.9/in?token=c", operator)).toEqual([]);
    expect(await kinds("https://9.9.9.9/in", operator)).toEqual([`subscription ${String(body["id"])}`]);
  });
  it.each(["", "%00", "a".repeat(2_049)])("a text that cannot be searched for is refused: %#", async (q) => {
    expect(await api.problem("GET", `/v1/search?q=${q}`)).toMatchObject({ status: 400, code: "invalid_request" });
  });
  it("is listed beyond 20", async () => {
    for (let n = 0; n < 22; n++)
      await api.call("POST", "/v1/event-types", { body: { name: `many.n${n}`, apiId: mine.apiId } });
    expect(await search("many.")).toHaveLength(20);
  });
});
