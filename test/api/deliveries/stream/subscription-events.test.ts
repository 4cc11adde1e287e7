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
/** A tenant whose subscription was told of. Else a later look would tell the listeners of a test that it is new. */
async function makeSeen(name: string): Promise<Tenant> {
  const admin = await hear("events=subscription", api.adminKey);
  const tenant = await makeTenant(api, name);
  await expect.poll(() => told(admin).some((text) => text.includes(tenant.subscriptionId)), WITHIN).toBe(true);
  return tenant;
}
/** What it was told of those that it sees no more. */
const gone = ({ events }: Listening): object[] => events.flatMap(({ event, data }) => (event === "gone" ? [data] : []));
const patch = async ({ subscriptionId }: Tenant, body: object): Promise<void> => {
  expect((await api.call("PATCH", `/v1/subscriptions/${subscriptionId}`, { body })).status).toBe(200);
};

it("tells of a change, of the health and of the end, and of nothing that a log may not hold", async () => {
  const made = await makeSeen("ends");
  const listening = await hear("events=subscription", made.consumerKey);
  await patch(made, { description: "canary" });
  await expect.poll(() => told(listening).length, WITHIN).toBe(1);
  expect(listening.events.at(-1)?.data).toEqual({
    id: made.subscriptionId,
    status: "active",
    health: "healthy",
    updatedAt: expect.any(String) as string,
  });
  const since = new Date();
  await api.store.subscriptions.update(
    made.subscriptionId,
    (current) => ({ ...current, health: { state: "failing", since, reason: "canary" } }),
    { unasked: true },
  );
  await expect.poll(() => listening.events.at(-1)?.data["health"], WITHIN).toBe("failing");
  expect((await api.call("DELETE", `/v1/subscriptions/${made.subscriptionId}`)).status).toBe(204);
  await expect.poll(() => gone(listening), WITHIN).toEqual([{ id: made.subscriptionId }]);
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

it("tells those who see it no more that it is gone, by its id alone, and the others how it stands", async () => {
  const [made, owner] = [await makeSeen("shared"), await makeSeen("owner")];
  const heard = {
    loses: await hear("", made.providerKey),
    named: await hear(`events=subscription&subscriptionId=${made.subscriptionId}`, made.providerKey),
    consumer: await hear("events=subscription", made.consumerKey),
    deliveries: await hear("events=delivery", made.providerKey),
    never: await hear("events=subscription", owner.providerKey),
  };
  const grants = { grants: [made.apiId, owner.apiId] };
  expect((await api.call("PATCH", `/v1/groups/${made.groupId}`, { body: grants })).status).toBe(200);
  await patch(made, { eventTypes: [made.eventType, owner.eventType] });
  for (const each of [heard.loses, heard.named])
    await expect.poll(() => gone(each), WITHIN).toEqual([{ id: made.subscriptionId }]);
  await expect.poll(() => told(heard.consumer).length, WITHIN).toBe(1);
  // All are told in the same look, so what is not there by now does not come.
  for (const each of [heard.consumer, heard.deliveries, heard.never]) expect(gone(each)).toEqual([]);
  for (const each of [heard.loses, heard.named, heard.deliveries, heard.never]) expect(told(each)).toEqual([]);
  await patch(made, { name: "canary" });
  await expect.poll(() => told(heard.consumer).length, WITHIN).toBe(2);
  for (const each of [heard.loses, heard.never]) expect(JSON.stringify([told(each), gone(each)])).not.toMatch(/canary/);
  expect(gone(heard.loses)).toHaveLength(1);
  // It comes back into sight.
  await patch(made, { eventTypes: [made.eventType] });
  for (const each of [heard.loses, heard.named]) await expect.poll(() => told(each).length, WITHIN).toBe(1);
});
