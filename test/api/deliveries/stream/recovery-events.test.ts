/** Who hears how far a recovery is, and that nothing is read while nobody wants to know. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import type { Recovery } from "../../../../src/store/collections/recoveries.js";
import { noProgress } from "../../../../src/workflows/recovery/recovery-contract.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../../running-api.js";
import { createAudience, deliveryNow, type Listening, WITHIN } from "./listening.js";

let api: RunningApi;
let mine: Tenant;
let others: Tenant;
/** How often the store was asked what changed. */
const asked = { deliveries: 0, recoveries: 0 };
const { hear, leave } = createAudience(() => api);

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    between: (store) => ({
      ...store,
      deliveries: {
        ...store.deliveries,
        recentChanges(since, most) {
          asked.deliveries++;
          return store.deliveries.recentChanges(since, most);
        },
      },
      recoveries: {
        ...store.recoveries,
        recentChanges(since, most) {
          asked.recoveries++;
          return store.recoveries.recentChanges(since, most);
        },
      },
    }),
  });
  [mine, others] = [await makeTenant(api, "mine"), await makeTenant(api, "others")];
});
afterAll(async () => {
  await leave();
  await api?.close();
});

const recovery = (id: string, more: Partial<Recovery> = {}): Recovery => ({
  id,
  filter: { since: 0, subscriptionId: mine.subscriptionId },
  status: "running",
  progress: noProgress(),
  count: 5,
  createdBy: "key:k",
  groupId: mine.groupId,
  reason: "canary",
  createdAt: new Date(),
  updatedAt: new Date(),
  ...more,
});
/** Ids of the recoveries that it was told of, each once. */
const told = ({ events }: Listening): string[] => [
  ...new Set(events.flatMap(({ event, data }) => (event === "recovery" ? [String(data["id"])] : []))),
];

it("tells of each change, and of nothing that a log may not hold", async () => {
  const listening = await hear("", mine.consumerKey);
  await api.store.recoveries.insert(recovery("rec_1"));
  await expect.poll(() => told(listening), WITHIN).toEqual(["rec_1"]);
  const progress = { ...noProgress(), found: 5, sent: 3, delivered: 2, failedAgain: 1 };
  await api.store.recoveries.report("rec_1", { progress, status: "done" });
  await expect.poll(() => listening.events.at(-1)?.data["status"], WITHIN).toBe("done");
  expect(listening.events.at(-1)?.data).toEqual({
    id: "rec_1",
    status: "done",
    count: 5,
    found: 5,
    sent: 3,
    delivered: 2,
    failedAgain: 1,
    updatedAt: expect.any(String) as string,
  });
  expect(JSON.stringify(listening.events)).not.toContain("canary");
});

it("tells each listener what it sees and asked for", async () => {
  const scoped = await api.key({ role: "consumer", groupId: mine.groupId, scopes: ["deliveries:read"] });
  const heard = {
    theirs: await hear("", others.consumerKey),
    admin: await hear("", api.adminKey),
    group: await hear(`groupId=${mine.groupId}`, api.adminKey),
    subscription: await hear(`subscriptionId=${others.subscriptionId}`, api.adminKey),
    status: await hear("status=parked", api.adminKey),
    deliveries: await hear("events=delivery", api.adminKey),
    scoped: await hear("", scoped.token),
    provider: await hear("", mine.providerKey),
  };
  await api.store.recoveries.insert(recovery("rec_theirs", { groupId: others.groupId, filter: { since: 0 } }));
  await api.store.recoveries.insert(recovery("rec_2"));
  // An operator's belongs to no group, even if it is about one.
  const { groupId: _none, ...operators } = recovery("rec_3", { filter: { groupId: mine.groupId } });
  await api.store.recoveries.insert(operators);
  await api.store.deliveries.insertMany([deliveryNow(mine, "last", { status: "parked" })]);
  const among = (listening: Listening) => told(listening).filter((id) => id !== "rec_1");
  await expect.poll(() => among(heard.admin), WITHIN).toEqual(["rec_theirs", "rec_2", "rec_3"]);
  await expect.poll(() => among(heard.group), WITHIN).toEqual(["rec_2", "rec_3"]);
  await expect.poll(() => among(heard.theirs), WITHIN).toEqual(["rec_theirs"]);
  // These hear of the delivery, which came later.
  for (const each of [heard.status, heard.deliveries, heard.scoped])
    await expect.poll(() => each.told().length, WITHIN).toBeGreaterThan(0);
  for (const each of [heard.subscription, heard.status, heard.deliveries, heard.scoped, heard.provider])
    expect(among(each)).toEqual([]);
});

it("goes on where the stream ended", async () => {
  const before = await hear("events=recovery", mine.consumerKey);
  await expect.poll(() => before.events[0]?.event, WITHIN).toBe("hello");
  before.close();
  await before.ended;
  await api.store.recoveries.insert(recovery("rec_missed"));
  const again = await hear("events=recovery", mine.consumerKey, { "last-event-id": String(before.events[0]?.id) });
  await expect.poll(() => told(again), WITHIN).toContain("rec_missed");
});

it("reads only what somebody wants to hear, and refuses what there is not", async () => {
  await leave();
  const listening = await hear("events=recovery", mine.consumerKey);
  const before = { ...asked };
  await expect.poll(() => asked.recoveries, WITHIN).toBeGreaterThan(before.recoveries + 2);
  // One look may have begun before the last of the others ended.
  expect(asked.deliveries - before.deliveries).toBeLessThanOrEqual(1);
  await api.store.deliveries.insertMany([deliveryNow(mine, "unheard")]);
  await api.store.recoveries.insert(recovery("rec_4"));
  await expect.poll(() => told(listening), WITHIN).toContain("rec_4");
  expect(listening.told()).toEqual([]);
  const problem = await api.problem("GET", "/v1/stream?events=event", { key: mine.consumerKey });
  expect(problem).toMatchObject({ status: 400, code: "invalid_request" });
});
