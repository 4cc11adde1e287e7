import { describe, expect, test } from "vitest";
import { makeTenant } from "../running-api.js";
import { api, tenant, newApi, send, asyncApi, openApi, setUpImportRoutes } from "./import-routes-setup.js";

setUpImportRoutes();

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
    [
      "above 8 MiB",
      `"${"x".repeat(8 * 1024 * 1024)}"`,
      "payload_too_large",
      /may have 8 MiB\. Leave out what no webhook/,
    ],
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
