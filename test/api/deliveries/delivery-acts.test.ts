/** Who acted on a delivery: all of it for those who keep the service, and for a consumer no name of another party. */
import { expect, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { parkedDelivery, recordedEvent } from "../recorded.js";
import { api, others, setUpTwoTenants, tenant } from "../two-tenants.js";

setUpTwoTenants("acts");

async function parked(): Promise<string> {
  const eventId = newId("evt");
  await api.store.events.insertMany([recordedEvent(tenant, eventId)]);
  const delivery = { ...parkedDelivery(tenant, eventId), apiId: tenant.apiId };
  await api.store.deliveries.insertMany([delivery]);
  return delivery.id;
}

interface Done {
  at: string;
  act: string;
  role?: string;
  by?: string;
  name?: string;
  reason?: string;
}
async function acts(id: string, key: string): Promise<{ data: Done[]; text: string }> {
  const { status, text, body } = await api.call<{ data: Done[] }>("GET", `/v1/deliveries/${id}/acts`, { key });
  expect(status, text).toBe(200);
  return { data: body.data, text };
}
const act = async (id: string, name: "resend" | "cancel", key: string) =>
  expect((await api.call("POST", `/v1/deliveries/${id}/${name}`, { key })).status).toBe(202);

test("tells a consumer who of its own group it was, and of another party the role alone", async () => {
  const id = await parked();
  const operator = await api.key({ role: "operator" });
  await act(id, "resend", tenant.consumerKey);
  await act(id, "resend", operator.token);
  await act(id, "cancel", tenant.providerKey);
  const own = `key:${tenant.consumerKey.slice(3, 33)}`;
  const mine = await acts(id, tenant.consumerKey);
  expect(mine.data).toMatchObject([
    { act: "cancel", role: "provider" },
    { act: "resend", role: "operator" },
    { act: "resend", role: "consumer", by: own },
  ]);
  const [cancelled, resent, byMe] = mine.data;
  for (const done of [cancelled, resent]) for (const part of ["by", "name"]) expect(done).not.toHaveProperty(part);
  expect(byMe?.name).toEqual(expect.any(String));
  expect(mine.text).not.toContain(operator.id);
  const all = await acts(id, operator.token);
  expect(all.data.map(({ by }) => by)).toEqual([`key:${tenant.providerKey.slice(3, 33)}`, `key:${operator.id}`, own]);
  expect(all.data.every(({ name }) => name !== undefined)).toBe(true);
});

test("an act of an earlier release, whose role is not on record, tells a consumer nothing of who it was", async () => {
  const id = await parked();
  await api.store.audit.append({ actor: "key:key_before", action: "delivery.resend", subject: id });
  expect((await acts(id, tenant.consumerKey)).data).toEqual([{ at: expect.any(String) as string, act: "resend" }]);
  expect((await acts(id, tenant.providerKey)).data).toMatchObject([{ by: "key:key_before" }]);
});

test("a reason is told to those who see who gave it", async () => {
  const id = await parked();
  const detail = { role: "operator", reason: "Also for Beta Bank" };
  await api.store.audit.append({ actor: "key:key_op", action: "delivery.send", subject: id, detail });
  expect((await acts(id, tenant.consumerKey)).data).toEqual([
    { at: expect.any(String) as string, act: "send", role: "operator" },
  ]);
  expect((await acts(id, tenant.providerKey)).data).toMatchObject([{ act: "send", reason: "Also for Beta Bank" }]);
});

test("another group's delivery is not found", async () => {
  const id = await parked();
  for (const key of [others.consumerKey, others.providerKey])
    expect(await api.problem("GET", `/v1/deliveries/${id}/acts`, { key })).toMatchObject({ status: 404 });
});
