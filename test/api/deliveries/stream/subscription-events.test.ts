/** Who hears what happens to a subscription. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../../running-api.js";
import { createAudience, type Listening, WITHIN } from "./listening.js";

let api: RunningApi;
let mine: Tenant;
let others: Tenant;
const { hear, leave } = createAudience(() => api);

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  [mine, others] = [await makeTenant(api, "mine"), await makeTenant(api, "others")];
});
afterAll(async () => {
  await leave();
  await api?.close();
});

/** What it was told of subscriptions, each change once. */
const told = ({ events }: Listening): string[] => [
  ...new Set(events.flatMap(({ event, data }) => (event === "subscription" ? [JSON.stringify(data)] : []))),
];
const statuses = (listening: Listening): unknown[] =>
  told(listening).map((text) => (JSON.parse(text) as { status: unknown }).status);
const patch = async ({ subscriptionId }: Tenant, body: object): Promise<void> => {
  expect((await api.call("PATCH", `/v1/subscriptions/${subscriptionId}`, { body })).status).toBe(200);
};

it("tells of a change, of the health and of the end, and of nothing that a log may not hold", async () => {
  const made = await makeTenant(api, "ends");
  const listening = await hear("events=subscription", made.consumerKey);
  await patch(made, { description: "canary" });
  await expect.poll(() => told(listening).length, WITHIN).toBe(1);
  const since = new Date();
  await api.store.subscriptions.update(
    made.subscriptionId,
    (current) => ({ ...current, health: { state: "failing", since, reason: "canary" } }),
    { unasked: true },
  );
  await expect.poll(() => listening.events.at(-1)?.data["health"], WITHIN).toBe("failing");
  expect((await api.call("DELETE", `/v1/subscriptions/${made.subscriptionId}`)).status).toBe(204);
  await expect.poll(() => statuses(listening).at(-1), WITHIN).toBe("deleted");
  expect(listening.events.at(-1)?.data).toEqual({
    id: made.subscriptionId,
    status: "deleted",
    health: "failing",
    updatedAt: expect.any(String) as string,
  });
  expect(JSON.stringify(listening.events)).not.toMatch(/canary|http/);
});

it("tells each listener what it sees and asked for", async () => {
  const heard = {
    mine: await hear("", mine.consumerKey),
    provider: await hear("", mine.providerKey),
    admin: await hear(`subscriptionId=${mine.subscriptionId}`, api.adminKey),
    group: await hear(`groupId=${mine.groupId}`, api.adminKey),
    theirs: await hear("", others.consumerKey),
    status: await hear("status=parked", api.adminKey),
    deliveries: await hear("events=delivery", api.adminKey),
  };
  await patch(mine, { name: "one" });
  for (const each of [heard.mine, heard.provider, heard.admin, heard.group])
    await expect.poll(() => told(each).length, WITHIN).toBe(1);
  await patch(others, { name: "two" });
  await expect.poll(() => told(heard.theirs).length, WITHIN).toBe(1);
  expect(told(heard.theirs)[0]).toContain(others.subscriptionId);
  for (const each of [heard.mine, heard.provider, heard.admin, heard.group]) expect(told(each)).toHaveLength(1);
  for (const each of [heard.status, heard.deliveries]) expect(told(each)).toEqual([]);
});

it("goes on where the stream ended", async () => {
  const before = await hear("events=subscription", mine.consumerKey);
  before.close();
  await before.ended;
  await patch(mine, { name: "meanwhile" });
  const again = await hear("events=subscription", mine.consumerKey, { "last-event-id": String(before.events[0]?.id) });
  await expect.poll(() => told(again).some((text) => text.includes(mine.subscriptionId)), WITHIN).toBe(true);
});
