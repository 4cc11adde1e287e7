import { describe, expect, test } from "vitest";
import { api, tenant, nameOf, create, schema, setUpEventTypes } from "./event-types-setup.js";

setUpEventTypes();

describe("schemas and versions", () => {
  test(
    "another schema makes the next version; earlier ones stay readable, and what is not the " + "schema makes none",
    async () => {
      const name = nameOf();
      expect((await create({ schema, examples: [{ total: 1 }] }, name)).body).toMatchObject({
        version: 1,
        schema,
        examples: [{ total: 1 }],
        validation: "off",
      });
      const change = async (body: unknown) =>
        (await api.call("PATCH", `/v1/event-types/${name}`, { key: tenant.providerKey, body })).body;
      expect(
        await change({
          description: "Paid",
          schema: { required: ["total"], properties: { total: { type: "number" } }, type: "object" },
        }),
      ).toMatchObject({ version: 1 });
      expect(await change({ examples: [{ total: 2 }] })).toMatchObject({ version: 1 });
      expect(await change({ schema: { ...schema, required: [] } })).toMatchObject({
        version: 2,
        examples: [{ total: 2 }],
      });
      expect(await change({ schema: null, examples: null })).toMatchObject({ version: 3 });
      const versions = await api.call<{ data: Record<string, unknown>[] }>("GET", `/v1/event-types/${name}/versions`, {
        key: tenant.consumerKey,
      });
      expect(versions.body.data.map(({ version }) => version)).toEqual([3, 2, 1]);
      expect(versions.body.data[2]).toMatchObject({
        schema,
        examples: [{ total: 2 }],
        supersededAt: versions.body.data[1]?.["createdAt"],
      });
      expect(versions.body.data[0]).not.toHaveProperty("supersededAt");
      const pages: unknown[] = [];
      for (let cursor: string | null | undefined = undefined; cursor !== null;) {
        const page: { data: { version: unknown }[]; next: string | null } = (
          await api.call<{ data: { version: unknown }[]; next: string | null }>(
            "GET",
            `/v1/event-types/${name}/versions?limit=1${cursor ? `&cursor=${cursor}` : ""}`,
          )
        ).body;
        pages.push(...page.data.map(({ version }) => version));
        cursor = page.next;
      }
      expect(pages).toEqual([3, 2, 1]);
      expect(await api.problem("GET", `/v1/event-types/${name}/versions?cursor=9`)).toMatchObject({
        code: "invalid_request",
      });
    },
  );

  test("concurrent changes lose no version", async () => {
    const name = nameOf();
    await create({ schema: { title: "0" } }, name);
    const changes = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        api.call("PATCH", `/v1/event-types/${name}`, { body: { schema: { title: `change ${i}` } } }),
      ),
    );
    expect(changes.map(({ body }) => body["version"]).sort()).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    const { data } = (
      await api.call<{ data: { version: number; schema: { title: string } }[] }>(
        "GET",
        `/v1/event-types/${name}/versions`,
      )
    ).body;
    for (const { body } of changes)
      expect(data.find(({ version }) => version === body["version"])?.schema).toEqual(body["schema"]);
    expect(new Set(data.map(({ schema: { title } }) => title)).size).toBe(9);
  });

  test("one that is deleted and made anew begins with version 1", async () => {
    const name = nameOf();
    await create({ schema }, name);
    await api.call("PATCH", `/v1/event-types/${name}`, { body: { schema: {} } });
    expect((await api.call("DELETE", `/v1/event-types/${name}`)).status).toBe(204);
    expect(await api.store.eventTypeVersions.get(name, 1)).toBeUndefined();
    await create({}, name);
    expect((await api.call("GET", `/v1/event-types/${name}/versions`)).body).toMatchObject({
      data: [{ version: 1 }],
      next: null,
    });
  });

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ["a remote reference", { schema: { $ref: "https://evil.example/x" } }, "schema_refused", /schema\/\$ref/],
    ["look-around", { schema: { pattern: "(?!a)" } }, "schema_refused", /schema\/pattern/],
    ["an unknown keyword", { schema: { typ: "object" } }, "schema_refused", /schema\/typ/],
    ["a loop of references", { schema: { $ref: "#" } }, "schema_refused", /schema/],
    [
      "an example that it forbids",
      { schema, examples: [{ total: 1 }, { total: "secret-value" }] },
      "example_refused",
      /examples\[1\]\/total/,
    ],
    ["an example without what it needs", { schema, examples: [{}] }, "example_refused", /examples\[0\]/],
    ["eleven examples", { examples: Array.from({ length: 11 }, () => 1) }, "invalid_request", /examples/],
    ["no example in the list", { examples: [] }, "invalid_request", /examples/],
    ["a check without a schema", { validation: "enforce" }, "invalid_request", /validation/],
    ["an unknown mode", { schema, validation: "strict" }, "invalid_request", /validation/],
    [
      "a sunset before the deprecation",
      { deprecation: { at: "2026-06-01T00:00:00Z", sunsetAt: "2026-05-01T00:00:00Z" } },
      "invalid_request",
      /deprecation\.sunsetAt/,
    ],
    ["a date that is none", { deprecation: { at: "soon" } }, "invalid_request", /deprecation\.at/],
    ["a huge enum", { schema: { enum: Array.from({ length: 6_000 }, (_, i) => i) } }, "schema_refused", /schema/],
  ])("refused: %s", async (_name, fields, code, path) => {
    const name = nameOf();
    const problem = await api.problem("POST", "/v1/event-types", {
      key: tenant.providerKey,
      body: { name, apiId: tenant.apiId, ...fields },
    });
    expect(problem.code).toBe(code);
    expect(
      problem.errors?.some((error) => path.test(error.path)),
      JSON.stringify(problem.errors),
    ).toBe(true);
    expect(JSON.stringify(problem)).not.toContain("secret-value");
    expect(await api.store.eventTypes.get(name)).toBeUndefined();
  });

  test("refused on its way in: a schema 10,000 deep, __proto__, a member twice", async () => {
    const send = (json: string) =>
      api.problem("POST", "/v1/event-types", {
        body: Buffer.from(`{"name":"shop.raw","apiId":"${tenant.apiId}","schema":${json}}`),
        headers: { "content-type": "application/json" },
      });
    expect(await send(`${`{"not":`.repeat(10_000)}{}${"}".repeat(10_000)}`)).toMatchObject({ code: "invalid_request" });
    expect(await send(`{"properties":{"__proto__":{"type":"string"}}}`)).toMatchObject({ code: "schema_refused" });
    expect(await send(`{"type":"string","type":"object"}`)).toMatchObject({ code: "duplicate_member" });
  });

  test("a refused change changes nothing", async () => {
    const name = nameOf();
    const before = (await create({ schema, examples: [{ total: 1 }], validation: "enforce" }, name)).body;
    for (const body of [
      { schema: null },
      { schema: { type: "string" } },
      { examples: [{}] },
      { description: "x", schema: { $ref: "#/none" } },
    ]) {
      expect((await api.call("PATCH", `/v1/event-types/${name}`, { body })).status).toBeGreaterThanOrEqual(400);
    }
    expect((await api.call("GET", `/v1/event-types/${name}`)).body).toEqual(before);
  });
});

describe("the consumer's catalogue", () => {
  test("shows what its groups are granted, by which grant, with an example and the deprecation", async () => {
    const [granted, hidden] = [nameOf(), nameOf()];
    const deprecation = {
      at: "2026-01-01T00:00:00.000Z",
      sunsetAt: "2027-01-01T00:00:00.000Z",
      replacedBy: "shop.invoice.paid",
      note: "Use the other one",
    };
    for (const name of [granted, hidden]) await create({ schema, examples: [{ total: 12 }], deprecation }, name);
    const groupId = String(
      (await api.call("POST", "/v1/groups", { body: { name: "narrow", grants: [granted] } })).body["id"],
    );
    const { token } = await api.key({ role: "consumer", groupId });
    expect((await api.call("GET", "/v1/event-types", { key: token })).body).toMatchObject({
      data: [{ name: granted, examples: [{ total: 12 }], deprecation, grantedBy: [{ groupId, grant: granted }] }],
      next: null,
    });
    expect(await api.problem("GET", `/v1/event-types/${hidden}`, { key: token })).toMatchObject({ status: 404 });
    expect(await api.problem("GET", `/v1/event-types/${hidden}/versions`, { key: token })).toMatchObject({
      status: 404,
    });
    expect((await api.call("GET", `/v1/event-types/${hidden}`, { key: tenant.consumerKey })).body).toMatchObject({
      grantedBy: [{ groupId: tenant.groupId, grant: tenant.apiId }],
    });
    expect((await api.call("GET", `/v1/event-types/${hidden}`, { key: tenant.providerKey })).body).not.toHaveProperty(
      "grantedBy",
    );
    await api.call("PATCH", `/v1/groups/${groupId}`, { body: { grants: [granted, tenant.apiId] } });
    expect((await api.call("GET", `/v1/event-types/${granted}`, { key: token })).body).toMatchObject({
      grantedBy: [
        { groupId, grant: granted },
        { groupId, grant: tenant.apiId },
      ],
    });
  });

  test("is found by prefix, text and api, and pages by cursor", async () => {
    const apiId = String((await api.call("POST", "/v1/apis", { body: { name: "Find" } })).body["id"]);
    const at = new Date();
    for (let i = 0; i < 7; i++)
      await api.store.eventTypes.insert({
        name: `find.kind${i}`,
        apiId,
        description: i % 2 ? "An Invoice" : "other",
        createdAt: at,
        updatedAt: at,
      });
    await api.catalogue.refresh();
    const names = async (query: string) =>
      (await api.call<{ data: { name: string }[] }>("GET", `/v1/event-types?${query}`)).body.data.map(
        ({ name }) => name,
      );
    expect(await names("prefix=find.kind&search=invoice")).toEqual(["find.kind5", "find.kind3", "find.kind1"]);
    expect(await names(`apiId=${apiId}&search=KIND4`)).toEqual(["find.kind4"]);
    expect(await names("prefix=kind")).toEqual([]);
    const paged: string[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const { body }: { body: { data: { name: string }[]; next: string | null } } = await api.call(
        "GET",
        `/v1/event-types?apiId=${apiId}&limit=3${cursor && `&cursor=${cursor}`}`,
      );
      expect(body.data.length).toBeLessThanOrEqual(3);
      paged.push(...body.data.map(({ name }) => name));
      cursor = body.next;
    }
    expect(paged).toEqual(Array.from({ length: 7 }, (_, i) => `find.kind${6 - i}`));
    expect(await api.problem("GET", "/v1/event-types?cursor=bm9uZQ")).toMatchObject({ code: "invalid_request" });
  });
});
