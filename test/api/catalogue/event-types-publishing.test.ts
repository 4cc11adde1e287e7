import { describe, expect, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { api, tenant, nameOf, create, schema, setUpEventTypes } from "./event-types-setup.js";

setUpEventTypes();

describe("publishing", () => {
  const publish = (name: string, data: unknown) => ({ key: tenant.providerKey, body: { type: name, data } });
  const warnings = () => api.log.filter(({ msg }) => msg === "a payload is not as its schema says; it was accepted");

  test("off accepts, warn accepts and says where in the schema, enforce refuses with the paths", async () => {
    const name = nameOf();
    await create({ schema: { ...schema, additionalProperties: false } }, name);
    const mode = async (validation: string) =>
      expect((await api.call("PATCH", `/v1/event-types/${name}`, { body: { validation } })).status).toBe(200);
    const wrong = publish(name, { total: "secret-value", "secret-name": 1 });
    expect((await api.call("POST", "/v1/events", wrong)).status).toBe(202);
    expect(warnings()).toEqual([]);
    await mode("warn");
    expect((await api.call("POST", "/v1/events", wrong)).status).toBe(202);
    expect(warnings()).toMatchObject([
      { type: name, version: 1, schemaPaths: ["#/additionalProperties", "#/properties/total/type"] },
    ]);
    expect(JSON.stringify(warnings())).not.toMatch(/secret/);
    expect((await api.call("GET", "/metrics")).text).toMatch(/sealpost_payloads_invalid_total\{validation="warn"\} 1/);
    await mode("enforce");
    const problem = await api.problem("POST", "/v1/events", wrong);
    expect(problem).toMatchObject({ status: 422, code: "payload_invalid" });
    expect(problem.errors?.map(({ path }) => path).sort()).toEqual(["data/secret-name", "data/total"]);
    expect(problem.detail).toMatch(/^`data\/[a-z-]+` must [^.]*, and 1 more fault\. Correct the payload at the places/);
    expect(JSON.stringify(problem)).not.toContain("secret-value");
    expect((await api.call("POST", "/v1/events", publish(name, { total: 1 }))).status).toBe(202);
  });

  test("of an array nothing is published, and the paths tell the element", async () => {
    const name = nameOf();
    await create({ schema, validation: "enforce" }, name);
    const [good, free] = [newId("evt"), newId("evt")];
    const body = [
      { type: name, id: good, data: { total: 1 } },
      { type: tenant.eventType, id: free, data: "anything" },
      { type: name, data: { total: "x" } },
      { type: name, data: null },
    ];
    expect(await api.problem("POST", "/v1/events", { key: tenant.providerKey, body })).toMatchObject({
      status: 422,
      code: "payload_invalid",
      detail: expect.stringMatching(
        /^None of the events was published\. `\[2\]\.data\/total` must be number, and 1/,
      ) as string,
      errors: [{ path: "[2].data/total" }, { path: "[3].data" }],
    });
    for (const id of [good, free]) expect(await api.store.events.get(id)).toBeUndefined();
  });

  test("raw bytes: JSON types are checked, everything else cannot be", async () => {
    const name = nameOf();
    await create({ schema, validation: "enforce" }, name);
    const raw = (text: string | Buffer, type: string) => ({
      key: tenant.providerKey,
      body: Buffer.from(text),
      headers: { "content-type": type },
    });
    for (const type of ["application/json", "application/cloudevents+json; charset=utf-8"]) {
      expect((await api.call("POST", `/v1/events/${name}`, raw(`{"total":1}`, type))).status).toBe(202);
      expect(await api.problem("POST", `/v1/events/${name}`, raw(`{"total":"1"}`, type))).toMatchObject({
        code: "payload_invalid",
        errors: [{ path: "data/total" }],
      });
      for (const text of ["{", "", Buffer.from([0xff])])
        expect(await api.problem("POST", `/v1/events/${name}`, raw(text, type))).toMatchObject({
          code: "payload_invalid",
          errors: [{ path: "data" }],
        });
      expect(await api.problem("POST", `/v1/events/${name}`, raw(`{"total":"x","total":1}`, type))).toMatchObject({
        code: "payload_invalid",
      });
    }
    for (const type of [
      "text/plain",
      "application/xml",
      "application/json; charset=utf-16",
      "application/octet-stream",
    ]) {
      expect(await api.problem("POST", `/v1/events/${name}`, raw(`{"total":1}`, type))).toMatchObject({
        status: 422,
        code: "payload_invalid",
      });
    }
    await api.call("PATCH", `/v1/event-types/${name}`, { body: { validation: "warn" } });
    expect((await api.call("POST", `/v1/events/${name}`, raw("<x/>", "application/xml"))).status).toBe(202);
  });

  test("is checked against the newest version", async () => {
    const name = nameOf();
    await create({ schema, validation: "enforce" }, name);
    expect((await api.call("POST", "/v1/events", publish(name, { total: 1 }))).status).toBe(202);
    await api.call("PATCH", `/v1/event-types/${name}`, { body: { schema: { type: "object", required: ["amount"] } } });
    expect(await api.problem("POST", "/v1/events", publish(name, { total: 1 }))).toMatchObject({
      code: "payload_invalid",
    });
    await api.call("DELETE", `/v1/event-types/${name}`);
    await create({ schema: { type: "string" }, validation: "enforce" }, name);
    expect((await api.call("POST", "/v1/events", publish(name, "text"))).status).toBe(202);
  });

  test("a hostile payload is refused, and soon", async () => {
    const name = nameOf();
    await create(
      { schema: { properties: { child: { $ref: "#" }, text: { pattern: "^(a+)+$" } } }, validation: "enforce" },
      name,
    );
    const json = (data: string) => ({
      key: tenant.providerKey,
      body: Buffer.from(`{"type":"${name}","data":${data}}`),
      headers: { "content-type": "application/json" },
    });
    expect(
      await api.problem(
        "POST",
        "/v1/events",
        json(`${`{"child":`.repeat(6_000)}{"child":{"text":1}}${"}".repeat(6_000)}`),
      ),
    ).toMatchObject({ code: "payload_invalid" });
    expect((await api.call("POST", "/v1/events", json(`{"text":"${"a".repeat(20_000)}"}`))).status).toBe(202);
    expect(await api.problem("POST", "/v1/events", json(`{"text":"${"a".repeat(20_000)}b"}`))).toMatchObject({
      code: "payload_invalid",
      errors: [{ path: "data/text" }],
    });
    expect((await api.call("POST", "/v1/events", json(`{"__proto__":{"polluted":1}}`))).status).toBe(202);
  });
});
