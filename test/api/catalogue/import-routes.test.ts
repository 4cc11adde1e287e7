import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { stringify } from "yaml";
import type { EventType } from "../../../src/store/model.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
let count = 0;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "other");
});
afterAll(() => api?.close());

const newApi = async (): Promise<string> =>
  String((await api.call("POST", "/v1/apis", { body: { name: `Import ${++count}` } })).body["id"]);
const send = (apiId: string, document: unknown, { query = "", type = "application/json" } = {}) => {
  const body = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  return api.call("POST", `/v1/apis/${apiId}/import${query}`, { body, headers: { "content-type": type } });
};
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

const asyncApi = (prefix: string) => ({
  asyncapi: "3.0.0",
  info: { title: "Shop", version: "1.0.0" },
  defaultContentType: "application/json",
  channels: {
    paid: { address: `/${prefix}/invoice/paid/`, messages: { only: { $ref: "#/components/messages/Paid" } } },
    mixed: {
      address: "anything",
      messages: {
        a: { name: `${prefix}.refunded`, payload: { type: "string" } },
        b: { "x-sealpost-event-type": `${prefix}.voided`, deprecated: true },
      },
    },
    incoming: { address: `${prefix}.command`, messages: { command: { payload: { type: "object" } } } },
  },
  operations: {
    sendPaid: { action: "send", channel: { $ref: "#/channels/paid" } },
    sendMixed: { action: "send", channel: { $ref: "#/channels/mixed" } },
    take: { action: "receive", channel: { $ref: "#/channels/incoming" } },
  },
  components: {
    messages: {
      Paid: {
        description: "An invoice was paid",
        traits: [{ "x-sealpost-validation": "enforce", contentType: "application/json" }],
        payload: { $ref: "#/components/schemas/Invoice" },
        examples: [{ payload: { total: 1, lines: [{ parent: { total: 2 } }] } }],
      },
    },
    schemas: {
      Invoice: {
        type: "object",
        required: ["total"],
        properties: {
          total: { $ref: "#/components/schemas/Money" },
          lines: { type: "array", items: { $ref: "#/components/schemas/Line" } },
          pair: { type: "array", items: [{ type: "number" }], additionalItems: false },
        },
      },
      Line: {
        type: "object",
        properties: { parent: { $ref: "#/components/schemas/Invoice" }, next: { $ref: "#/components/schemas/Line" } },
        dependencies: { next: ["parent"] },
      },
      Money: { type: "number", minimum: 0 },
    },
  },
});
const openApi = (prefix: string, post: Record<string, unknown> = {}) => ({
  openapi: "3.1.0",
  info: { title: "Shop", version: "1" },
  webhooks: {
    [`${prefix}.paid`]: {
      post: {
        summary: "Paid",
        requestBody: { $ref: "#/components/requestBodies/Paid" },
        responses: { "200": { description: "ok" } },
        ...post,
      },
    },
    strange: { $ref: "#/components/pathItems/Strange" },
  },
  components: {
    requestBodies: {
      Paid: {
        content: {
          "application/json": {
            schema: { type: "object", properties: { total: { $ref: "#/components/schemas/Money" } } },
            examples: { one: { value: { total: 1 } }, two: { $ref: "#/components/examples/Two" } },
          },
        },
      },
    },
    pathItems: {
      Strange: {
        "x-sealpost-event-type": `${prefix}.strange`,
        post: {
          deprecated: true,
          "x-sealpost-deprecation": { at: "2026-01-01T00:00:00Z", replacedBy: `${prefix}.paid` },
          responses: { "200": { description: "ok" } },
        },
      },
    },
    examples: { Two: { value: { total: 2 } } },
    schemas: { Money: { type: "number", example: 4 } },
  },
});

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

describe("refused when it is strict, and nothing is changed", () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${"bcdefghi"
    .split("")
    .map((name, i) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefgh"[i]}`).join(", ")}]`)
    .join("\n")}\n`;
  const withSchema = (schema: unknown) => ({
    asyncapi: "3.0.0",
    info: { title: "x", version: "1" },
    channels: {
      good: { address: "bad.good", messages: { m: { payload: { type: "string" } } } },
      bad: { address: "bad.bad", messages: { m: { payload: schema } } },
    },
  });
  const named = (name: string) => ({
    asyncapi: "3.0.0",
    info: { title: "x", version: "1" },
    channels: { good: { address: "bad.good", messages: { m: {} } }, bad: { address: name, messages: { m: {} } } },
  });
  const many = (n: number) => ({
    openapi: "3.1.0",
    info: { title: "x", version: "1" },
    webhooks: Object.fromEntries(
      Array.from({ length: n }, (_, i) => [`bad.n${i}`, { post: { responses: { "200": { description: "ok" } } } }]),
    ),
  });

  test.each<[string, unknown, string?, (RegExp | undefined)?, string?]>([
    ["a remote reference", withSchema({ $ref: "https://evil.example/x.json" })],
    ["a file", withSchema({ properties: { a: { $ref: "file:///etc/passwd" } } })],
    ["a reference to nothing", withSchema({ $ref: "#/components/schemas/None" })],
    [
      "a loop of references",
      {
        ...withSchema({ $ref: "#/components/schemas/A" }),
        components: { schemas: { A: { $ref: "#/components/schemas/B" }, B: { $ref: "#/components/schemas/A" } } },
      },
    ],
    [
      "a loop through allOf",
      {
        ...withSchema({ $ref: "#/components/schemas/A" }),
        components: { schemas: { A: { allOf: [{ $ref: "#/components/schemas/A" }] } } },
      },
    ],
    [
      "a loop of messages",
      {
        ...named("bad.loop"),
        channels: { bad: { address: "bad.loop", messages: { m: { $ref: "#/components/messages/M" } } } },
        components: { messages: { M: { $ref: "#/components/messages/M" } } },
      },
    ],
    ["look-around in a pattern", withSchema({ type: "string", pattern: "(?=a)" })],
    [
      "another format",
      withSchema({ schemaFormat: "application/vnd.apache.avro;version=1.9.0", schema: { type: "string" } }),
    ],
    ["a content type that is not JSON", { ...named("bad.avro"), defaultContentType: "application/avro" }],
    ["the service's own name", named("sealpost.test")],
    ["another api's event type", named("other.invoice.paid"), "document_refused", /taken/],
    ["a name twice", named("bad.good"), "document_refused", /earlier one/],
    ["no event", { asyncapi: "3.0.0", info: { title: "x", version: "1" } }],
    ["AsyncAPI 2", { asyncapi: "2.6.0", info: { title: "x", version: "1" }, channels: {} }],
    ["OpenAPI 3.0", { openapi: "3.0.3", info: { title: "x", version: "1" }, paths: {} }],
    ["what AsyncAPI does not allow", { ...named("bad.x"), channels: { bad: { adress: "x" } } }],
    ["what OpenAPI does not allow", { openapi: "3.1.0", info: { title: "x" }, webhooks: {} }],
    [
      "a webhook without post",
      {
        openapi: "3.1.0",
        info: { title: "x", version: "1" },
        webhooks: { "bad.get": { get: { responses: { "200": { description: "ok" } } } } },
      },
    ],
    [
      "XML",
      {
        openapi: "3.1.0",
        info: { title: "x", version: "1" },
        webhooks: {
          "bad.xml": {
            post: { requestBody: { content: { "application/xml": {} } }, responses: { "200": { description: "ok" } } },
          },
        },
      },
    ],
    [
      "an example that the schema forbids",
      openApi("bad", {
        requestBody: { content: { "application/json": { schema: { type: "string" }, example: 4711 } } },
      }),
      "document_refused",
      /must be string/,
    ],
    ["1,001 event types", many(1_001), "document_refused", /at most 1000/],
    ["null", null],
    ["a list", []],
    ["a text", JSON.stringify("x")],
    ["a YAML bomb", bomb, "document_refused", /aliases/, "application/yaml"],
    ["an anchor in itself", "a: &a [*a]", "document_refused", undefined, "application/yaml"],
    ["broken YAML", "a: [", "document_refused", /valid YAML/, "application/yaml"],
    ["a tag of code", "a: !!js/function 'function () {}'", "document_refused", undefined, "application/yaml"],
    ["a name twice in YAML", "asyncapi: 3.0.0\nasyncapi: 3.0.0", "document_refused", /valid YAML/, "application/yaml"],
    ["YAML nested 20,000 deep", "[".repeat(20_000), "document_refused", undefined, "application/yaml"],
    [
      "100,000 names in YAML",
      Array.from({ length: 120_000 }, (_, i) => `k${i}: 1`)
        .join("\n")
        .slice(0, 1_000_000),
      "document_refused",
      undefined,
      "application/yaml",
    ],
    ["two documents", "a: 1\n---\nb: 2", "document_refused", undefined, "application/yaml"],
    ["JSON nested 10,000 deep", `${"[".repeat(10_000)}${"]".repeat(10_000)}`, "invalid_request"],
    ["a member twice", `{"asyncapi":"3.0.0","asyncapi":"3.0.0"}`, "duplicate_member"],
    [
      "__proto__",
      `{"asyncapi":"3.0.0","info":{"title":"x","version":"1"},"channels":{"c":{"address":"bad.p","messages":{"m":{"payload":{"properties":{"__proto__":{"type":"string"}}}}}}}}`,
    ],
    ["above 8 MiB", `"${"x".repeat(8 * 1024 * 1024)}"`, "payload_too_large", /Leave out what no webhook/],
    ["another type", "x", "unsupported_media_type", undefined, "text/plain"],
  ])("%s", async (_name, document, code = "document_refused", message, type) => {
    const apiId = await newApi();
    const all = (await api.store.eventTypes.all()).length;
    const answer = await send(apiId, document, { query: "?strict=true", ...(type !== undefined && { type }) });
    expect(answer.headers["content-type"], answer.text).toBe("application/problem+json");
    expect(answer.body, answer.text).toMatchObject({ code });
    if (message) expect(answer.text).toMatch(message);
    expect(answer.text).not.toMatch(/4711|node_modules|root:/);
    expect((await api.store.eventTypes.all()).length).toBe(all);
  });

  test("for an api that is not one's own, or is not there", async () => {
    const body = Buffer.from(JSON.stringify(asyncApi("mine")));
    for (const [id, key] of [
      [tenant.apiId, (await makeTenant(api, "third")).providerKey],
      ["api_01K3ZJ8Q5T9V7X2M4N6P8R0S1W", api.adminKey],
    ] as const) {
      expect(
        await api.problem("POST", `/v1/apis/${id}/import`, {
          key,
          body,
          headers: { "content-type": "application/json" },
        }),
      ).toMatchObject({ status: 404 });
    }
    for (const query of ["dryRun=maybe", "strict=1", "perspective=broker"])
      expect(
        await api.problem("POST", `/v1/apis/${tenant.apiId}/import?${query}`, {
          body,
          headers: { "content-type": "application/json" },
        }),
      ).toMatchObject({ status: 400 });
    expect(
      await api.problem("POST", `/v1/apis/${tenant.apiId}/import`, {
        key: tenant.consumerKey,
        body,
        headers: { "content-type": "application/json" },
      }),
    ).toMatchObject({ status: 403 });
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
