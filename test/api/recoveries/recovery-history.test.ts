/** Who acted on a recovery: all of it for those who keep the service, and for a consumer no name of another party. */
import { expect, test } from "vitest";
import { api, hoursAgo, insert, preview, setUpRecoveries, start, tenant, other } from "./recoveries-setup.js";

setUpRecoveries();

interface Done {
  at: string;
  act: string;
  role?: string;
  by?: string;
  name?: string;
  reason?: string;
}

async function started(reason?: string): Promise<string> {
  await insert(1);
  const filter = { since: hoursAgo(24) };
  const { token } = await preview(filter);
  const answer = await start({ filter, token, ...(reason !== undefined && { reason }) });
  expect(answer.status, answer.text).toBe(202);
  return String(answer.body["id"]);
}
async function acts(id: string, key: string): Promise<Done[]> {
  const answer = await api.call<{ data: Done[] }>("GET", `/v1/recoveries/${id}/acts`, { key });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data;
}
const act = async (id: string, name: "pause" | "resume" | "cancel", key: string) =>
  expect((await api.call("POST", `/v1/recoveries/${id}/${name}`, { key })).status).toBe(202);

test("tells a consumer who of its own group it was, and of another party the role alone", async () => {
  const id = await started("the outage is over");
  const operator = await api.key({ role: "operator" });
  await act(id, "pause", tenant.consumerKey);
  await act(id, "resume", operator.token);
  await act(id, "cancel", operator.token);
  const own = `key:${tenant.consumerKey.slice(3, 33)}`;
  const at = expect.any(String) as string;
  const name = expect.any(String) as string;
  expect(await acts(id, tenant.consumerKey)).toEqual([
    { at, act: "cancel", role: "operator" },
    { at, act: "resume", role: "operator" },
    { at, act: "pause", role: "consumer", by: own, name },
    { at, act: "start", role: "consumer", by: own, name, reason: "the outage is over" },
  ]);
  expect((await acts(id, operator.token)).map(({ by }) => by)).toEqual([
    `key:${operator.id}`,
    `key:${operator.id}`,
    own,
    own,
  ]);
});

test("what a cancel left is told without who cancelled it", async () => {
  const id = await started();
  const left = "3 that were read were not sent; 1 that were handed over before go on.";
  await api.store.recoveries.setStatus(id, ["running"], "cancelled", `Cancelled by person:per_1. of the bank. ${left}`);
  const { body, text } = await api.call("GET", `/v1/recoveries/${id}`, { key: tenant.consumerKey });
  expect(body).toMatchObject({ status: "cancelled", error: `Cancelled. ${left}` });
  expect(text).not.toContain("per_1");
});

test("another group's recovery is not found", async () => {
  const id = await started();
  for (const key of [other.consumerKey, other.providerKey])
    expect(await api.problem("GET", `/v1/recoveries/${id}/acts`, { key })).toMatchObject({ status: 404 });
});

test("the list is narrowed to those that can send events of an api", async () => {
  const made = async (filter: object, key: string): Promise<string> => {
    const body = { filter: { since: hoursAgo(24), ...filter } };
    const { token } = await preview(body.filter, key);
    const answer = await start({ ...body, token }, key);
    expect(answer.status, answer.text).toBe(202);
    return String(answer.body["id"]);
  };
  const operator = (await api.key({ role: "operator" })).token;
  const byType = await made({ eventType: tenant.eventType }, operator);
  const bySubscription = await made({ subscriptionId: tenant.subscriptionId }, operator);
  const ofAll = await made({}, operator);
  const others = await made({ eventType: other.eventType }, operator);
  const listed = async (query: string) => {
    const { body } = await api.call<{ data: { id: string }[] }>("GET", `/v1/recoveries?limit=250&${query}`, {
      key: operator,
    });
    return new Set(body.data.map(({ id }) => id));
  };
  const mine = await listed(`apiId=${tenant.apiId}`);
  for (const id of [byType, bySubscription, ofAll]) expect(mine).toContain(id);
  expect(mine).not.toContain(others);
  const theirs = await listed(`apiId=${other.apiId}`);
  for (const id of [ofAll, others]) expect(theirs).toContain(id);
  for (const id of [byType, bySubscription]) expect(theirs).not.toContain(id);
  // A page is full although others lie between.
  const { body } = await api.call<{ data: { id: string }[] }>("GET", `/v1/recoveries?limit=2&apiId=${tenant.apiId}`, {
    key: operator,
  });
  expect(body.data.map(({ id }) => id)).toEqual([ofAll, bySubscription]);
});
