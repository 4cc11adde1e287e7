/** Who counts as one person, with keys of a real store. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { mayBeOnePerson } from "../../../src/api/access/second-person.js";
import { type RunningApi, startApi } from "../running-api.js";

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
});
afterAll(() => api?.close());

async function keyMadeBy(createdBy: string | undefined): Promise<string> {
  const { id } = await api.key({ role: "operator" });
  await api.store.apiKeys.update(id, ({ createdBy: _before, ...key }) => ({ ...key, ...(createdBy && { createdBy }) }));
  return `key:${id}`;
}

test("a key counts as whoever made it, over several keys", async () => {
  const own = await keyMadeBy("person:pia");
  const second = await keyMadeBy("person:pia");
  const ofKey = await keyMadeBy(own);
  const others = await keyMadeBy("person:olga");
  const nobodys = await keyMadeBy(undefined);
  for (const [one, other, same] of [
    ["person:pia", "person:pia", true],
    ["person:pia", "person:olga", false],
    [own, own, true],
    [own, "person:pia", true],
    ["person:pia", ofKey, true],
    [own, second, true],
    [ofKey, second, true],
    [ofKey, others, false],
    [own, "person:olga", false],
    [nobodys, own, false],
    [nobodys, nobodys, true],
    ["environment", own, false],
    ["key:gone", "person:pia", false],
  ] as const)
    expect(await mayBeOnePerson(api.store, one, other), `${one} and ${other}`).toBe(same);
});

test("a consumer's key stands for the consumer that it was made for", async () => {
  const { body: group } = await api.call<{ id: string }>("POST", "/v1/groups", { body: { name: "Keyed", grants: [] } });
  const { id } = await api.key({ role: "consumer", groupId: group.id });
  await api.store.apiKeys.update(id, (key) => ({ ...key, createdBy: "person:pia" }));
  expect(await mayBeOnePerson(api.store, `key:${id}`, "person:pia")).toBe(false);
  expect(await mayBeOnePerson(api.store, `key:${id}`, `key:${id}`)).toBe(true);
});

test("keys that name each other as their makers end the search", async () => {
  const first = await keyMadeBy(undefined);
  const second = await keyMadeBy(first);
  await api.store.apiKeys.update(first.slice("key:".length), (key) => ({ ...key, createdBy: second }));
  expect(await mayBeOnePerson(api.store, first, second)).toBe(true);
  expect(await mayBeOnePerson(api.store, first, "person:pia")).toBe(false);
});
