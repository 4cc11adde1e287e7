import { expect, test } from "vitest";
import { makeTenant } from "../running-api.js";
import { api, create, nameOf, schema, setUpEventTypes, tenant } from "./event-types-setup.js";

setUpEventTypes();

const check = (name: string, body: object, key?: string) =>
  api.call("POST", `/v1/event-types/${name}/check`, { body, ...(key !== undefined && { key }) });

test("it says what a publish would refuse, with the same words, whatever the validation is", async () => {
  const name = nameOf();
  await create({ schema: { ...schema, additionalProperties: false }, validation: "enforce" }, name);
  const data = { total: "x", "a/b": 1 };
  const problem = await api.problem("POST", "/v1/events", { key: tenant.providerKey, body: { type: name, data } });
  const looked = await check(name, { body: JSON.stringify(data) }, tenant.consumerKey);
  expect(looked.body, looked.text).toMatchObject({ version: 1, newest: true, checked: true });
  const faults = looked.body["faults"] as { path: string; message: string }[];
  expect(faults.map(({ path, message }) => ({ path: `data${path}`, message }))).toEqual(problem.errors);
  expect(faults.map(({ path }) => path).sort()).toEqual(["/a~1b", "/total"]);
  expect((await api.call("PATCH", `/v1/event-types/${name}`, { body: { validation: "off" } })).status).toBe(200);
  expect((await check(name, { body: JSON.stringify(data) })).body["faults"]).toEqual(faults);
  expect((await check(name, { body: `{"total":1}` })).body).toMatchObject({ checked: true, faults: [] });
  const metrics = (await api.call("GET", "/metrics")).text;
  expect(metrics, "only publishes are counted").toMatch(/sealpost_payloads_invalid_total\{validation="enforce"\} 1/);
});

test("bytes, content types and what is no JSON", async () => {
  const name = nameOf();
  await create({ schema }, name);
  const one = (fault: string) => ({
    checked: true,
    faults: [{ path: "", message: expect.stringContaining(fault) as string }],
  });
  const bytes = Buffer.from(`{"total":"1"}`).toString("base64");
  expect((await check(name, { body: bytes, encoding: "base64" })).body["faults"]).toMatchObject([{ path: "/total" }]);
  expect((await check(name, { body: "{" })).body).toMatchObject(one("is not JSON"));
  expect((await check(name, { body: "<a/>", contentType: "application/xml" })).body).toMatchObject(one("content type"));
  const event = { specversion: "1.0", data: { total: "1" } };
  const structured = { body: JSON.stringify(event), contentType: "application/cloudevents+json" };
  expect((await check(name, structured)).body["faults"]).toMatchObject([{ path: "/total" }]);
});

test("a payload is compared with the version of its time", async () => {
  const name = nameOf();
  await create({ schema }, name);
  const { createdAt } = (await api.call("GET", `/v1/event-types/${name}`)).body as { createdAt: string };
  const next = { type: "object", properties: { total: { type: "string" } } };
  expect((await api.call("PATCH", `/v1/event-types/${name}`, { body: { schema: next } })).status).toBe(200);
  const body = `{"total":1}`;
  expect((await check(name, { body })).body).toMatchObject({
    version: 2,
    newest: true,
    faults: [{ path: "/total" }],
    mayBeMore: false,
  });
  expect((await check(name, { body, at: createdAt })).body).toMatchObject({ version: 1, newest: false, faults: [] });
  // The name was not there yet.
  expect((await check(name, { body, at: "2020-01-01T00:00:00Z" })).body).toMatchObject({ checked: false, faults: [] });
});

test("a type without a schema has nothing to say, and another group's type is not there", async () => {
  const name = nameOf();
  await create({}, name);
  expect((await check(name, { body: "{" })).body).toMatchObject({ version: 1, checked: false, faults: [] });
  const other = await makeTenant(api, "payload-look");
  expect((await check(name, { body: "{}" }, other.consumerKey)).status).toBe(404);
  expect((await check(nameOf(), { body: "{}" })).status).toBe(404);
});

test("limits: 1 MiB, 20 faults, and so many a minute", async () => {
  const name = nameOf();
  await create({ schema: { type: "array", items: { type: "string" } } }, name);
  const many = await check(name, { body: JSON.stringify(Array.from({ length: 1_000 }, (_, index) => index)) });
  expect(many.body["faults"]).toHaveLength(20);
  expect(many.body["mayBeMore"]).toBe(true);
  const text = (bytes: number) => ({ body: JSON.stringify(["x".repeat(bytes - 4)]) });
  expect((await check(name, text(1024 * 1024))).body).toMatchObject({ checked: true, faults: [] });
  expect((await check(name, text(1024 * 1024 + 1))).body).toMatchObject({ code: "payload_too_large" });
  expect((await check(name, text(4 * 1024 * 1024))).body).toMatchObject({ code: "payload_too_large" });
  const { consumerKey } = await makeTenant(api, "payload-limit");
  const own = await makeTenant(api, "payload-own");
  const answers = await Promise.all(
    Array.from({ length: 121 }, () => check(own.eventType, { body: "{}" }, own.consumerKey)),
  );
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(120);
  expect((await check(own.eventType, { body: "{}" }, consumerKey)).status, "each key has its own").toBe(404);
});
