/**
 * Documents of the shapes in which providers publish theirs (github.com/asyncapi/spec, github.com/Adyen/adyen-openapi
 * and others).
 */
import { describe, expect, test } from "vitest";
import { makeTenant } from "../../running-api.js";
import { api, newApi, send, named, setUpImportPublished } from "./import-published-setup.js";

setUpImportPublished();

const json = (schema: unknown, more: Record<string, unknown> = {}) => ({
  post: {
    requestBody: { content: { "application/json": { schema, ...more } } },
    responses: { "200": { description: "ok" } },
  },
});
const openApi = (webhooks: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  openapi: "3.1.0",
  info: { title: "x", version: "1" },
  webhooks,
  ...more,
});

describe("OpenAPI webhooks", () => {
  test("keys that begin with / or hold it, as addresses do", async () => {
    const answer = await send(
      openApi({
        "/P1_AUTHORISATION": json({}),
        "p1/orders/create": json({}),
        "p1.orders.create": json({}),
        "New pet!": { post: { operationId: "p1NewPet" } },
      }),
    );
    expect(answer, answer.text).toMatchObject({
      status: 200,
      body: { created: ["P1_AUTHORISATION", "p1.orders.create", "p1NewPet"] },
    });
    expect(answer.body.skipped).toEqual([
      {
        path: "/webhooks/p1.orders.create",
        reason: expect.stringMatching(/earlier one, p1\.orders\.create/) as string,
      },
    ]);
    expect(answer.body.warnings).toContainEqual(named(/is named p1NewPet: New pet! cannot/));
  });

  test("an example that does not fit is left out, and the type is imported", async () => {
    const document = openApi(
      {
        "p2.x": json(
          { $ref: "#/components/schemas/A" },
          {
            examples: {
              good: { value: { b: 1 } },
              bad: { $ref: "#/components/examples/Bad" },
              far: { externalValue: "https://x.example/e.json" },
            },
          },
        ),
      },
      {
        components: { schemas: { A: { type: "object", required: ["b"] } }, examples: { Bad: { value: { c: 4711 } } } },
      },
    );
    const apiId = await newApi();
    const answer = await send(document, { apiId });
    expect(answer, answer.text).toMatchObject({ status: 200, body: { created: ["p2.x"], skipped: [] } });
    expect(answer.body.warnings).toEqual(
      expect.arrayContaining([named(/required property 'b'.*left out/), named(/no value in this document/)]),
    );
    expect(answer.text).not.toContain("4711");
    expect((await api.store.eventTypes.get("p2.x"))?.examples).toEqual([{ b: 1 }]);
    expect((await send(document, { apiId })).body).toMatchObject({ unchanged: ["p2.x"], changed: [] });
    const strict = await send(document, { apiId, query: "?strict=true" });
    expect(strict).toMatchObject({ status: 422, body: { code: "document_refused" } });
    expect(strict.text).toMatch(/required property 'b'/);
  });

  test(
    "what has another method, a remote reference, a circle or a pattern with look-around is skipped " +
      "and named, and a form body is taken without a schema",
    async () => {
      const answer = await send(
        openApi(
          {
            "p3.good": json({ type: "object" }),
            "p3.form": { post: { requestBody: { content: { "application/x-www-form-urlencoded": {} } } } },
            "p3.get": { get: {} },
            "p3.far": { $ref: "https://x.example/y.json" },
            "p3.deep": json({ properties: { a: { $ref: "other.yaml#/a" } } }),
            "p3.none": json({ $ref: "#/components/schemas/None" }),
            "p3.loop": json({ $ref: "#/components/schemas/Loop" }),
            "p3.look": json({ pattern: "(?=a)" }),
            "p3 no name": json({}),
          },
          { components: { schemas: { Loop: { $ref: "#/components/schemas/Loop" } } } },
        ),
      );
      expect(answer, answer.text).toMatchObject({ status: 200, body: { created: ["p3.good", "p3.form"] } });
      expect(answer.body.warnings).toEqual([named(/form-urlencoded and not JSON/)]);
      const reasons: Record<string, string> = Object.fromEntries(
        answer.body.skipped.map(({ path, reason }): [string, string] => [
          path.split("/")[2]?.split(" ")[0] ?? "",
          reason,
        ]),
      );
      expect(reasons).toMatchObject({
        "p3.get": expect.stringMatching(/method post/) as string,
        "p3.far": expect.stringMatching(/another document/) as string,
        "p3.deep": expect.stringMatching(/another document/) as string,
        "p3.none": expect.stringMatching(/nothing in this document/) as string,
        "p3.look": expect.stringMatching(/RE2/) as string,
      });
      expect(answer.body.skipped).toEqual(
        expect.arrayContaining([named(/without end/), named(/has no name.*x-sealpost-event-type/)]),
      );
    },
  );

  test("a dry run tells the same, and nothing at all is a refusal that names everything", async () => {
    const apiId = await newApi();
    const document = openApi({ "p4.far": { $ref: "https://x.example/y.json" }, "p4.get": { get: {} } });
    expect(
      (
        await send(
          { ...document, webhooks: { ...document.webhooks, "p4.ok": json({}) } },
          { apiId, query: "?dryRun=true" },
        )
      ).body,
    ).toMatchObject({ created: ["p4.ok"], skipped: [{ path: "/webhooks/p4.far/$ref" }, { path: "/webhooks/p4.get" }] });
    expect(await send(document, { apiId })).toMatchObject({
      status: 422,
      body: {
        code: "document_refused",
        errors: [
          { path: "/webhooks/p4.far/$ref" },
          { path: "/webhooks/p4.get" },
          { message: "describes no event that is sent" },
        ],
      },
    });
  });

  test(
    "keywords that nobody knows are left out with a warning; those of earlier drafts and of " +
      "OpenAPI 3.0 are rewritten",
    async () => {
      const answer = await send({
        ...openApi({}),
        openapi: "3.0.3",
        "x-webhooks": {
          "p5.old": json({
            $schema: "http://json-schema.org/draft-04/schema#",
            type: "object",
            weird: { a: 1 },
            properties: {
              a: { type: "string", nullable: true, enum: ["x"] },
              b: { type: "number", minimum: 1, exclusiveMinimum: true },
              c: { $id: "https://x.example/c", items: [{ type: "string" }], additionalItems: false },
              d: { $ref: "#/components/schemas/D/properties/inner", description: "a sibling" },
            },
          }),
        },
        components: { schemas: { D: { properties: { inner: { type: "integer" } } } } },
      });
      expect(answer, answer.text).toMatchObject({
        status: 200,
        body: { created: ["p5.old"], skipped: [], warnings: [named(/no keyword/), named(/resolved in the document/)] },
      });
      expect((await api.store.eventTypes.get("p5.old"))?.schema).toMatchObject({
        properties: {
          a: { type: ["string", "null"], enum: ["x", null] },
          b: { type: "number", exclusiveMinimum: 1 },
          c: { prefixItems: [{ type: "string" }], items: false },
          d: { $ref: "#/$defs/inner" },
        },
        $defs: { inner: { type: "integer" } },
      });
    },
  );

  test("a document of 3 MB, of which two webhooks are taken", async () => {
    const paths = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, n) => [
        `/p${n}`,
        { get: { description: "d".repeat(900), responses: { "200": { description: "ok" } } } },
      ]),
    );
    const answer = await send(openApi({ "p6.one": json({}), "p6.two": json({}) }, { paths }));
    expect(answer, answer.text.slice(0, 500)).toMatchObject({
      status: 200,
      body: { created: ["p6.one", "p6.two"], skipped: [], warnings: [] },
    });
  });
});

test("a name of another api: the answer names that api to who may see it, and nobody else", async () => {
  const other = await makeTenant(api, "taker");
  await send(openApi({ "p7.made": json({}) }), { apiId: other.apiId });
  const document = openApi({ "p7.made": json({}), "p7.mine": json({}) });
  const mine = await newApi();
  expect((await send(document, { apiId: mine })).body).toMatchObject({
    created: ["p7.mine"],
    skipped: [{ path: "/webhooks/p7.made", reason: expect.stringContaining(other.apiId) as string }],
  });
  expect(await send(openApi({ "p7.made": json({}) }), { apiId: mine })).toMatchObject({
    status: 422,
    body: { errors: [{ message: expect.stringContaining(other.apiId) as string }, {}] },
  });
  const { token } = await api.key({ role: "provider", apiIds: [mine] });
  const limited = await api.call("POST", `/v1/apis/${mine}/import`, { key: token, body: document });
  expect(limited.text).toMatch(/an event type of another api/);
  expect(limited.text).not.toContain(other.apiId);
});

describe("YAML as it is published", () => {
  test(
    "unquoted versions and dates, on and no, numbers as keys, anchors and merge keys, a byte " +
      "order mark, the media type of the specification",
    async () => {
      const answer = await send(
        `\ufeffopenapi: 3.1
info: {title: x, version: 1.0}
x-base: &base {type: object, properties: {at: {type: string, example: 2020-01-01}}}
webhooks:
  p14.on:
    post:
      requestBody:
        content:
          application/json: {schema: {<<: *base, required: [at]}, example: {at: 2020-01-01, on: no, no: on}}
      responses: {200: {description: ok}}
  on: {post: {responses: {200: {description: ok}}}}
  "no": {post: {x-sealpost-event-type: p14.no}}`,
        { type: "application/vnd.oai.openapi+yaml;version=3.1" },
      );
      expect(answer, answer.text).toMatchObject({
        status: 200,
        body: { created: ["p14.on", "on", "p14.no"], skipped: [], warnings: [] },
      });
      expect(await api.store.eventTypes.get("p14.on")).toMatchObject({
        schema: { type: "object", required: ["at"] },
        examples: [{ at: "2020-01-01", on: "no", no: "on" }],
      });
    },
  );
  test.each([
    [
      "merge keys that multiply",
      [..."bcdefghijk"].reduce(
        (document, name, i) =>
          `${document}\n${name}: &${name} {<<: [${Array(9).fill(`*${"abcdefghij"[i]}`).join(", ")}], y${name}: 1}`,
        "a: &a {x: 1}",
      ),
    ],
    [
      "a long text behind many aliases",
      `a: &a ${"x".repeat(200_000)}\nb: [${Array.from({ length: 900 }, () => "*a").join(", ")}]`,
    ],
    ["a merge of what is no map", "a: &a [1]\nb: {<<: *a}"],
  ])("%s is refused", async (_name, document) =>
    expect(await send(document)).toMatchObject({ status: 422, body: { code: "document_refused" } }),
  );
});
