import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { EventType } from "../../../src/store/model.js";
import { api, tenant, newApi, send, asyncApi, openApi, setUpImportRoutes } from "./import-routes-setup.js";

setUpImportRoutes();

const typesOf = async (apiId: string) =>
  (await api.store.eventTypes.all()).filter((type) => type.apiId === apiId).sort((a, b) => (a.name < b.name ? -1 : 1));
const comparable = ({
  apiId: _apiId,
  createdAt: _createdAt,
  updatedAt: _updatedAt,
  version: _version,
  versionAt: _versionAt,
  ...type
}: EventType) => ({ ...type });

describe("AsyncAPI 3", () => {
  test("what its operations send becomes event types with self-contained schemas", async () => {
    const apiId = await newApi();
    const answer = await send(apiId, asyncApi("aone"));
    expect(answer, answer.text).toMatchObject({
      status: 200,
      body: {
        format: "asyncapi",
        dryRun: false,
        created: ["aone.invoice.paid", "aone.refunded", "aone.voided"],
        changed: [],
        unchanged: [],
      },
    });
    const [paid, refunded, voided] = await typesOf(apiId);
    expect(paid).toMatchObject({
      description: "An invoice was paid",
      validation: "enforce",
      examples: [{ total: 1 }],
      version: 1,
    });
    expect(paid?.schema).toEqual({
      type: "object",
      required: ["total"],
      properties: {
        total: { $ref: "#/$defs/Money" },
        lines: { type: "array", items: { $ref: "#/$defs/Line" } },
        pair: { type: "array", prefixItems: [{ type: "number" }], items: false },
      },
      $defs: {
        Money: { type: "number", minimum: 0 },
        Line: {
          type: "object",
          properties: { parent: { $ref: "#" }, next: { $ref: "#/$defs/Line" } },
          dependentRequired: { next: ["parent"] },
        },
      },
    });
    expect(refunded?.schema).toEqual({ type: "string" });
    expect(voided?.deprecation?.at).toBeInstanceOf(Date);
    expect(
      await api.problem("POST", "/v1/events", {
        body: { type: "aone.invoice.paid", data: { total: 1, lines: [{ parent: { total: -1 } }] } },
      }),
    ).toMatchObject({ errors: [{ path: "data/lines/0/parent/total" }] });
  });

  test(
    "again it changes nothing; a changed schema makes a version; a dry run does nothing; YAML " + "says the same",
    async () => {
      const apiId = await newApi();
      const document = asyncApi("atwo");
      expect((await send(apiId, document, { query: "?dryRun=true" })).body).toMatchObject({
        dryRun: true,
        created: ["atwo.invoice.paid", "atwo.refunded", "atwo.voided"],
      });
      expect(await typesOf(apiId)).toEqual([]);
      await send(apiId, document);
      const before = await typesOf(apiId);
      expect((await send(apiId, stringify(document), { type: "application/yaml" })).body).toMatchObject({
        created: [],
        changed: [],
        unchanged: ["atwo.invoice.paid", "atwo.refunded", "atwo.voided"],
      });
      expect(await typesOf(apiId)).toEqual(before);
      document.components.schemas.Money.minimum = 1;
      expect((await send(apiId, document)).body).toMatchObject({
        changed: [{ name: "atwo.invoice.paid", version: 2 }],
        unchanged: ["atwo.refunded", "atwo.voided"],
      });
      expect(await api.store.eventTypeVersions.get("atwo.invoice.paid", 1)).toMatchObject({
        schema: { $defs: { Money: { minimum: 0 } } },
      });
      expect(JSON.stringify((await api.call("GET", "/v1/audit?limit=5")).body)).toContain("api.import");
    },
  );
});

describe("OpenAPI 3.1", () => {
  test("its webhooks become event types, references resolved", async () => {
    const apiId = await newApi();
    expect((await send(apiId, openApi("oone"))).body).toMatchObject({
      format: "openapi",
      created: ["oone.paid", "oone.strange"],
    });
    const [paid, strange] = await typesOf(apiId);
    expect(paid).toMatchObject({
      description: "Paid",
      schema: { properties: { total: { $ref: "#/$defs/Money" } }, $defs: { Money: { type: "number" } } },
      examples: [{ total: 1 }, { total: 2 }],
    });
    expect(strange?.deprecation).toEqual({ at: new Date("2026-01-01T00:00:00Z"), replacedBy: "oone.paid" });
  });
});

describe("export", () => {
  const load = createRequire(import.meta.url);
  const validators = {
    asyncapi: addFormats
      .default(new Ajv({ strict: false, logger: false }))
      .compile(load("@asyncapi/specs/schemas/3.0.0-without-$id.json") as object),
    openapi: addFormats
      .default(new Ajv2020({ strict: false, logger: false }))
      .addFormat("media-range", true)
      .compile(load("@seriousme/openapi-schema-validator/schemas/v3.1/schema.json") as object),
  };
  test.each(["asyncapi", "openapi"] as const)(
    "as %s it is valid, and imported into an empty api it gives the same types",
    async (format) => {
      const apiId = await newApi();
      await send(apiId, asyncApi(`${format}.trip`));
      const name = `${format}.trip.full`;
      const made = await api.call("POST", "/v1/event-types", {
        body: {
          name,
          apiId,
          description: "Full",
          validation: "warn",
          examples: [{ a: "x", kind: { $ref: "#/no/reference" } }, { a: "y" }],
          deprecation: { at: "2026-01-01T00:00:00Z", sunsetAt: "2027-01-01T00:00:00Z", replacedBy: "a.b", note: "n" },
          schema: {
            type: "object",
            properties: {
              a: { $ref: "#/$defs/sl~1ash" },
              again: { $ref: "#" },
              kind: { type: "object", properties: { $ref: { type: "string" } } },
            },
            $defs: { "sl/ash": { type: "string", default: { $ref: "#/kept" } } },
          },
        },
      });
      expect(made.status, made.text).toBe(201);
      const before = (await typesOf(apiId)).map(comparable);
      const { body: document, text } = await api.call("GET", `/v1/apis/${apiId}/export?format=${format}`);
      expect(validators[format](document), JSON.stringify(validators[format].errors)).toBe(true);
      for (const { name: each } of before) await api.call("DELETE", `/v1/event-types/${each}`);
      const empty = await newApi();
      const answer = await send(empty, text);
      expect(answer, answer.text).toMatchObject({
        status: 200,
        body: { format, created: expect.arrayContaining([name]) as string[] },
      });
      expect((await typesOf(empty)).map(comparable)).toEqual(before);
    },
  );

  test("a consumer gets what it is granted and nothing else", async () => {
    const apiId = await newApi();
    await send(apiId, asyncApi("seen"));
    const groupId = String(
      (await api.call("POST", "/v1/groups", { body: { name: "one", grants: ["seen.refunded"] } })).body["id"],
    );
    const { token } = await api.key({ role: "consumer", groupId });
    for (const format of ["asyncapi", "openapi"]) {
      const { text, status } = await api.call("GET", `/v1/apis/${apiId}/export?format=${format}`, { key: token });
      expect(status).toBe(200);
      expect(text).toContain("seen.refunded");
      expect(text).not.toMatch(/seen\.invoice|seen\.voided|Money/);
    }
    await api.call("PATCH", `/v1/apis/${apiId}`, { body: { listed: true } });
    expect(await api.problem("GET", `/v1/apis/${apiId}/export`, { key: tenant.consumerKey })).toMatchObject({
      status: 404,
    });
  });

  test("anchors become pointers", async () => {
    const apiId = await newApi();
    await api.call("POST", "/v1/event-types", {
      body: {
        name: "anchor.one",
        apiId,
        schema: {
          $id: "https://x.example/",
          items: { $ref: "#leaf" },
          $defs: { leaf: { $anchor: "leaf", type: "number" } },
        },
      },
    });
    const { text } = await api.call("GET", `/v1/apis/${apiId}/export?format=openapi`);
    expect(text).toContain("#/components/schemas/anchor.one/$defs/leaf");
    expect(text).not.toMatch(/\$anchor|x\.example/);
  });
});
