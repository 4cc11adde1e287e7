import { pino } from "pino";
import { expect, it } from "vitest";
import { createMetrics } from "../../src/metrics.js";
import { createPayloadCheck } from "../../src/catalogue/payload-check.js";
import { createSchemaCompiler, type SchemaCompiler } from "../../src/catalogue/schema-validator.js";
import { createWatchdog } from "../../src/catalogue/watchdog.js";
import type { EventType } from "../../src/store/model.js";

function build() {
  const [log, metrics, compiles] = [[] as Record<string, unknown>[], createMetrics(), [] as unknown[]];
  const compile = createSchemaCompiler(createWatchdog());
  const compileSchema: SchemaCompiler = (schema) => (compiles.push(schema), compile(schema));
  const check = createPayloadCheck({
    compileSchema,
    metrics,
    log: pino({}, { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) }),
  });
  return { check, log, compiles, metrics };
}
const at = new Date("2026-01-01T00:00:00Z");
const type = (fields: Partial<EventType>): EventType => ({
  name: "a.b",
  apiId: "api_1",
  validation: "enforce",
  createdAt: at,
  updatedAt: at,
  ...fields,
});
const payload = (text: string, contentType = "application/json") => ({ contentType, bytes: Buffer.from(text) });

it("compiles each version once, and anew when the type is another one", () => {
  const { check, compiles } = build();
  const text = { type: "string" };
  for (let i = 0; i < 3; i++) expect(check(type({ schema: text }), payload("1"))).toHaveLength(1);
  expect(compiles).toHaveLength(1);
  expect(check(type({ schema: { type: "number" }, version: 2, versionAt: new Date() }), payload("1"))).toBeUndefined();
  expect(check(type({ schema: { type: "boolean" }, createdAt: new Date() }), payload("true"))).toBeUndefined();
  expect(compiles).toHaveLength(3);
});

it("looks at nothing where validation is off or there is no schema", () => {
  const { check, compiles } = build();
  expect(check(type({ validation: "off", schema: { type: "string" } }), payload("{"))).toBeUndefined();
  expect(check(type({}), payload("{"))).toBeUndefined();
  const { validation: _off, ...without } = type({ schema: { type: "string" } });
  expect(check(without, payload("{"))).toBeUndefined();
  expect(compiles).toEqual([]);
});

it("holds up no publish for a schema from before schemas were compiled", () => {
  const { check, log } = build();
  expect(check(type({ schema: { $ref: "https://elsewhere.example/" } }), payload("1"))).toBeUndefined();
  expect(log).toMatchObject([{ type: "a.b", msg: expect.stringMatching(/cannot be compiled/) as string }]);
});

it("takes the value that was parsed already, and a name twice for what it is", () => {
  const { check } = build();
  const schema = { type: "object", properties: { a: { type: "number" } } };
  expect(check(type({ schema }), { ...payload(`{"a":1}`), parsed: { value: { a: "x" } } })).toMatchObject([
    { path: "/a" },
  ]);
  expect(check(type({ schema }), payload(`{"a":"x","\\u0061":1}`))).toMatchObject([
    { message: expect.stringMatching(/twice/) as string },
  ]);
});

it("is of the data of a CloudEvent, wherever its bytes stand", () => {
  const { check } = build();
  const number = type({ schema: { type: "number" } });
  const event = (more: object) =>
    check(number, payload(JSON.stringify({ specversion: "1.0", ...more }), "application/cloudevents+json"));
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  expect(event({ data: 1 })).toBeUndefined();
  expect(event({ data_base64: base64("1"), datacontenttype: "application/json" })).toBeUndefined();
  for (const more of [{ data: "1" }, { data_base64: base64('"1"') }, {}, { data: 1, datacontenttype: "text/plain" }])
    expect(event(more)).toHaveLength(1);
  expect(check(number, payload("1", "application/cloudevents+json"))).toBeUndefined();
});

it("counts by what was done, and names no value in the log", async () => {
  const { check, log, metrics } = build();
  const schema = { additionalProperties: { type: "number" } };
  expect(check(type({ schema, validation: "warn" }), payload(`{"jane@doe.example":"secret"}`))).toBeUndefined();
  expect(check(type({ schema }), payload(`{"jane@doe.example":"secret"}`))).toHaveLength(1);
  expect(log).toMatchObject([{ schemaPaths: ["#/additionalProperties/type"] }]);
  expect(JSON.stringify(log)).not.toMatch(/jane|secret/);
  const { values } = await metrics.payloadsInvalid.get();
  expect(Object.fromEntries(values.map(({ labels, value }) => [String(labels.validation), value]))).toEqual({
    warn: 1,
    enforce: 1,
  });
});

it("is looked at whatever the validation is, uncounted, and takes no place of what publishes need", async () => {
  const { check, compiles, log, metrics } = build();
  const text = type({ schema: { type: "string" } });
  expect(check(text, payload("1"))).toHaveLength(1);
  const counted = await metrics.registry.metrics();
  const version = (number: number, schema?: Record<string, unknown>) => ({
    name: text.name,
    version: number,
    since: at,
    ...(schema && { schema }),
  });
  for (let i = 0; i < 2; i++) {
    expect(check.look(version(1, { type: "number" }), payload("1"))).toEqual([]);
    expect(check.look(version(2, { type: "boolean" }), payload("1"))).toMatchObject([{ path: "" }]);
  }
  expect(check(text, payload("1"))).toHaveLength(1);
  expect(compiles, "each is compiled once").toHaveLength(3);
  expect(check.look(version(3), payload("1"))).toBeUndefined();
  expect(log).toEqual([]);
  expect(counted).toMatch(/payloads_invalid_total\{validation="enforce"\} 1/);
  expect(await metrics.registry.metrics()).toMatch(/payloads_invalid_total\{validation="enforce"\} 2/);
});
