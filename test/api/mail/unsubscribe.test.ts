import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { readerOf, unsubscribeUrl } from "../../../src/catalogue/notices/mail-address.js";
import { startApi, type RunningApi } from "../running-api.js";

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
});
afterAll(() => api?.close());

const linkOf = (address: string): string => unsubscribeUrl(api.store, "", readerOf(api.store, address));
const isStopped = async (address: string): Promise<boolean> =>
  (await api.store.mail.stopped([readerOf(api.store, address)])).size > 0;

it("asks first, because programs open links, and says nothing of the address", async () => {
  const link = linkOf("ann@example.com");
  const page = await api.call("GET", link, { key: "" });
  expect(page.status).toBe(200);
  expect(page.text).toContain("<form");
  expect(page.text).not.toContain("example.com");
  expect(await isStopped("ann@example.com")).toBe(false);
});

it("ends mail with one click of a mail program, for this address alone, and again without harm", async () => {
  for (let clicks = 0; clicks < 2; clicks++) {
    const answer = await api.call("POST", linkOf("Ann@Example.com"), {
      key: "",
      body: Buffer.from("List-Unsubscribe=One-Click"),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(answer.status).toBe(200);
  }
  expect(await isStopped("ann@example.com")).toBe(true);
  expect(await isStopped("bob@example.com")).toBe(false);
});

it("takes no link that was not made here", async () => {
  const good = linkOf("bob@example.com");
  const [, reader = "", mac = ""] = /reader=([^&]*)&mac=(.*)/.exec(good) ?? [];
  const other = readerOf(api.store, "eve@example.com");
  const changed = `${mac.startsWith("A") ? "B" : "A"}${mac.slice(1)}`;
  for (const query of ["", `?reader=${reader}`, `?reader=${other}&mac=${mac}`, `?reader=${reader}&mac=${changed}`])
    for (const method of ["GET", "POST"])
      expect((await api.call(method, `/mail/unsubscribe${query}`, { key: "" })).status, query).toBe(404);
  expect(await isStopped("bob@example.com")).toBe(false);
  expect(await isStopped("eve@example.com")).toBe(false);
});
