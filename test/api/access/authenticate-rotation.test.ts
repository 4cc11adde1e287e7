import { describe, expect, test } from "vitest";
import { api, setUpAuthenticate } from "./authenticate-setup.js";

setUpAuthenticate();

describe("rotation of a key", () => {
  const works = async (token: string) => (await api.call("GET", "/v1/apis", { key: token })).status === 200;
  const rotate = (id: string, body?: object) =>
    api.call<{ id: string; key: string; previousUntil?: string; name: string }>(
      "POST",
      `/v1/api-keys/${id}/rotate`,
      body ? { body } : {},
    );

  test(
    "the new secret works at once, the one before until the overlap ends, and the one before " + "that no more",
    async () => {
      const { id, token } = await api.key({ role: "admin" });
      const second = await rotate(id);
      expect(second).toMatchObject({ status: 200, body: { id, name: "test" } });
      expect(second.body.key).not.toBe(token);
      expect([await works(token), await works(second.body.key)]).toEqual([true, true]);
      const left = Date.parse(second.body.previousUntil ?? "") - Date.now();
      expect(left > 86_300_000 && left <= 86_400_000).toBe(true);
      const third = await rotate(id, { overlapSeconds: 600 });
      expect([await works(token), await works(second.body.key), await works(third.body.key)]).toEqual([
        false,
        true,
        true,
      ]);
      // The end of the overlap, without waiting for it.
      await api.store.apiKeys.update(id, (key) => ({ ...key, previousUntil: new Date(Date.now() - 1) }));
      await api.catalogue.refresh();
      expect([await works(second.body.key), await works(third.body.key)]).toEqual([false, true]);
      expect((await api.call("GET", "/v1/audit")).text).not.toContain(third.body.key.slice(-43));
    },
  );

  test("without an overlap the secret before ends at once; revoking ends both", async () => {
    const { id, token } = await api.key({ role: "admin" });
    const second = await rotate(id, { overlapSeconds: 0 });
    expect([await works(token), await works(second.body.key)]).toEqual([false, true]);
    expect(second.body.previousUntil).toBeUndefined();
    const third = await rotate(id);
    expect((await api.call("DELETE", `/v1/api-keys/${id}`)).status).toBe(204);
    expect([await works(second.body.key), await works(third.body.key)]).toEqual([false, false]);
    expect(await api.problem("POST", `/v1/api-keys/${id}/rotate`)).toMatchObject({ status: 409, code: "key_ended" });
  });

  test("the last use of a key is shown, and costs no reading anew of the catalogue", async () => {
    const { id, token } = await api.key({ role: "auditor" });
    const shown = async () =>
      (
        await api.call<{ data: { id: string; active: boolean; lastUsedAt?: string }[] }>(
          "GET",
          "/v1/api-keys?limit=250",
        )
      ).body.data.find((key) => key.id === id);
    expect(await shown()).toMatchObject({ active: true });
    expect((await shown())?.lastUsedAt).toBeUndefined();
    const before = await api.store.catalogueVersion();
    expect(await works(token)).toBe(true);
    expect(Date.now() - Date.parse((await shown())?.lastUsedAt ?? "")).toBeLessThan(60_000);
    expect(await api.store.catalogueVersion()).toBe(before);
  });
});
