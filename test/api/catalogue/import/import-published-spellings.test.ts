/** Documents whose parts are spelt otherwise than the specifications do, and documents without any event. */
import { describe, expect, test } from "vitest";
import { api, send, named, setUpImportPublished } from "./import-published-setup.js";

setUpImportPublished();

const webhook = (content?: unknown) => ({
  post: { ...(content !== undefined && { requestBody: { content } }), responses: { "200": { description: "ok" } } },
});
const info = { title: "x", version: "1" };
const openApi = (webhooks: Record<string, unknown>) => ({ openapi: "3.1.0", info, webhooks });
const message = (more: Record<string, unknown>) => ({ payload: { type: "object" }, ...more });
const asyncApi2 = (channels: Record<string, unknown>) => ({ asyncapi: "2.6.0", info, channels });

const YAML = (version: string, name: string) =>
  `${version}\ninfo: {title: x, version: 1.10}\nwebhooks:\n  ${name}: {post: {}}\n`;

describe("the document as a whole", () => {
  test.each<[string, string, string, string?]>([
    ["openapi: 3.0 without quotes, a number in YAML", YAML("openapi: 3.0", "p20.a"), "p20.a"],
    ["openapi: '3'", YAML("openapi: '3'", "p20.b"), "p20.b"],
    ["x-webhooks of openapi: 3.0", YAML("openapi: 3.0", "p20.c").replace("web", "x-web"), "p20.c"],
    [
      "asyncapi: 3.0 without quotes",
      "asyncapi: 3.0\ninfo: {title: x, version: 1.0}\nchannels: {c: {address: p20.d, messages: {m: {}}}}",
      "p20.d",
    ],
    ["YAML by the bare name of OpenAPI", YAML("openapi: 3.1.0", "p20.e"), "p20.e", "application/vnd.oai.openapi"],
    [
      "JSON by the bare name of OpenAPI",
      ` ${JSON.stringify(openApi({ "p20.f": webhook() }))}`,
      "p20.f",
      "application/vnd.oai.openapi;version=3.1",
    ],
    ["YAML with a line of --- at the end", `---\n${YAML("openapi: 3.1.0", "p20.i")}---\n\n`, "p20.i"],
    ["YAML as text/vnd.yaml", YAML("openapi: 3.1.0", "p20.g"), "p20.g", "text/vnd.yaml"],
    ["JSON as text/json", JSON.stringify(openApi({ "p20.h": webhook() })), "p20.h", "text/json"],
  ])("%s", async (_name, document, created, type) => {
    const answer = await send(document, type === undefined ? {} : { type });
    expect(answer, answer.text).toMatchObject({ status: 200, body: { created: [created], skipped: [] } });
  });

  test.each<[string, string, RegExp]>([
    ["two documents", `${YAML("openapi: 3.1.0", "p21.a")}---\n${YAML("openapi: 3.1.0", "p21.b")}`, /several YAML/],
    ["a name twice", "openapi: 3.1.0\nopenapi: 3.1.0\n", /a name is there twice/],
    ["a tab before a name", YAML("openapi: 3.1.0", "p21.c").replace("\n  p21", "\n\tp21"), /a tab/],
  ])("YAML with %s is refused with what it is", async (_name, document, reason) =>
    expect(await send(document)).toMatchObject({
      status: 422,
      body: { errors: [{ message: expect.stringMatching(reason) as string }] },
    }),
  );
});

describe("a document without an event says what it lacks", () => {
  test.each<[string, unknown, string, RegExp]>([
    ["Swagger 2.0", { swagger: "2.0", info, paths: {} }, "/swagger", /convert/],
    ["only paths", { openapi: "3.0.3", info, paths: { "/a": webhook() } }, "/webhooks", /x-webhooks/],
    [
      "only messages under components",
      { asyncapi: "3.0.0", info, components: { messages: { a: message({}) } } },
      "/channels",
      /one under `components` alone/,
    ],
    ["channels without operations", asyncApi2({ a: { description: "x" } }), "/channels", /`subscribe`/],
    ["an operation without a message", asyncApi2({ a: { subscribe: {} } }), "/channels/a/subscribe", /no message/],
  ])("%s", async (_name, document, path, reason) => {
    const answer = await send(document);
    expect(answer, answer.text).toMatchObject({ status: 422, body: { code: "document_refused" } });
    expect(answer.body.errors).toContainEqual({ path, message: expect.stringMatching(reason) as string });
  });
});

describe("parts", () => {
  test("a webhook with an empty body has no schema, and text/json is JSON", async () => {
    const answer = await send(
      openApi({
        "p22.empty": webhook({}),
        "p22.null": { post: { requestBody: null } },
        "p22.text": webhook({ "text/json": { schema: { type: "object" } } }),
        " p22.blank ": webhook(),
        "p22.xml": webhook({ "application/xml": {} }),
      }),
    );
    expect(answer, answer.text).toMatchObject({
      status: 200,
      body: { created: ["p22.empty", "p22.null", "p22.text", "p22.blank", "p22.xml"], skipped: [] },
    });
    expect(answer.body.warnings).toContainEqual(named(/^is application\/xml and not JSON: .* without a schema/));
    expect(await api.store.eventTypes.get("p22.xml")).not.toHaveProperty("schema");
  });

  test("formats of schemas and content types as they are written", async () => {
    const formats = [
      "application/schema+json",
      "application/json",
      "application/schema+json;version=draft-7",
      'application/schema+json; version="draft-07"; charset=utf-8',
      "application/schema+json;version=draft/2020-12",
      "APPLICATION/SCHEMA+JSON;VERSION=DRAFT-07",
      "application/vnd.aai.asyncapi",
      "application/vnd.aai.asyncapi;version=3.0",
      "application/vnd.aai.asyncapi;version=2.0.0-rc1",
      "application/vnd.oai.openapi;version=3.0",
    ];
    const types = ["text/json", "application/*+json", "*/*", ""];
    const others = [
      "application/vnd.apache.avro;version=1.9.0",
      "application/vnd.google.protobuf;version=3",
      "application/raml+yaml;version=1.0",
      "application/schema+json;version=draft-03",
      "application/vnd.oai.openapi;version=2.0",
    ];
    const channel = (more: Record<string, unknown>) => ({ subscribe: { message: message(more) } });
    const answer = await send(
      asyncApi2({
        ...Object.fromEntries(formats.map((schemaFormat, n) => [`p23.f${n}`, channel({ schemaFormat })])),
        ...Object.fromEntries(types.map((contentType, n) => [`p23.t${n}`, channel({ contentType })])),
        ...Object.fromEntries(others.map((schemaFormat, n) => [`p23.o${n}`, channel({ schemaFormat })])),
        "p23.text": channel({ contentType: "text/plain" }),
      }),
    );
    expect(answer, answer.text).toMatchObject({
      status: 200,
      body: {
        created: [
          ...formats.map((_each, n) => `p23.f${n}`),
          ...types.map((_each, n) => `p23.t${n}`),
          ...others.map((_each, n) => `p23.o${n}`),
          "p23.text",
        ],
        skipped: [],
      },
    });
    for (const other of others)
      expect(answer.body.warnings).toContainEqual({
        path: expect.stringMatching(/ schemaFormat$/) as string,
        reason:
          `is ${other} and not a known JSON Schema: the event type is taken without a schema, ` +
          "so that its payloads are not checked",
      });
    expect(answer.body.warnings).toContainEqual(named(/^is text\/plain and not JSON: /));
    for (const name of ["p23.o0", "p23.o1", "p23.text"])
      expect(await api.store.eventTypes.get(name)).not.toHaveProperty("schema");
    expect(await api.store.eventTypes.get("p23.f0")).toHaveProperty("schema");
  });

  test("a schema that was a document of its own refers to itself and to its own definitions", async () => {
    const own = (keyword: string) => ({
      type: "object",
      [keyword]: { a: { type: "string" }, "b/c": { $ref: `#/${keyword}/a` } },
      properties: { x: { $ref: `#/${keyword}/a` }, y: { $ref: `#/${keyword}/b~1c` }, z: { $ref: "#" } },
      additionalProperties: false,
    });
    const shared = {
      type: "object",
      properties: { d: { $ref: "#/definitions/d" } },
      definitions: { d: { type: "integer" } },
    };
    const answer = await send({
      ...openApi({
        "p26.definitions": webhook({
          "application/json": { schema: own("definitions"), example: { x: "s", z: { y: "s" } } },
        }),
        "p26.defs": webhook({ "application/json": { schema: own("$defs"), example: { z: { z: { x: 1 } } } } }),
        "p26.shared": webhook({
          "application/json": {
            schema: { type: "object", properties: { s: { $ref: "#/components/schemas/Shared" } } },
            examples: { good: { value: { s: { d: 1 } } }, bad: { value: { s: { d: "x" } } } },
          },
        }),
        "p26.none": webhook({ "application/json": { schema: { $ref: "#/components/schemas/None" } } }),
      }),
      components: { schemas: { Shared: shared } },
    });
    expect(answer, answer.text).toMatchObject({
      status: 200,
      body: { created: ["p26.definitions", "p26.defs", "p26.shared"], skipped: [named(/nothing in this document/)] },
    });
    expect(answer.body.warnings).toEqual([named(/must be string.*left out/), named(/must be integer.*left out/)]);
  });

  test("the operation names a message that nothing else names", async () => {
    const answer = await send(
      asyncApi2({
        "p24/{id}": { subscribe: { operationId: "p24Changed", message: message({}) } },
        "p25/{id}": { subscribe: { operationId: "p25Changed", message: { oneOf: [message({}), message({})] } } },
      }),
    );
    expect(answer, answer.text).toMatchObject({ status: 200, body: { created: ["p24Changed"] } });
    expect(answer.body.skipped).toEqual([named(/joined by \. \/ or :/), named(/has no name/)]);
  });
});
