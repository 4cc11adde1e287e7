import { describe, expect, test } from "vitest";
import { eventIdOf } from "../../../src/api/publish/cloud-events.js";
import { api, tenant, binary, post, structured, problem, envelope, setUpCloudEvents } from "./cloud-events-setup.js";

setUpCloudEvents();

const BATCH = "application/cloudevents-batch+json";

describe("structured mode", () => {
  test("is taken by its own type, sent on as it is, and known by source and id in every mode", async () => {
    const text = JSON.stringify(envelope({ subject: "größe", n: 7, ok: true, data: { n: 1 } }), undefined, 1);
    const first = await post(structured(text));
    expect(first).toMatchObject({ status: 202, body: { duplicate: false } });
    expect((await post(structured(text))).body).toEqual({ id: first.body.id, duplicate: true });
    expect((await post(structured(text, `/v1/events/${tenant.eventType}`))).body).toEqual({
      id: first.body.id,
      duplicate: true,
    });
    expect(await problem(binary({ "ce-id": "S-1" }))).toMatchObject({ code: "event_id_conflict" });
    expect(Buffer.from((await api.store.events.payload(first.body.id)) ?? []).toString()).toBe(text);
    expect(await api.store.events.get(first.body.id)).toMatchObject({
      contentType: "application/cloudevents+json",
      attributes: { id: "S-1", source: "/shop/1", subject: "gr%C3%B6%C3%9Fe", n: "7", ok: "true" },
    });
    expect((await api.call("GET", `/v1/events/${first.body.id}`)).body).toMatchObject({
      cloudEvent: { subject: "größe" },
    });
  });

  test("by the content type of plain JSON it is refused with the one that it has", async () => {
    for (const body of [envelope(), [envelope()]])
      expect(await problem(structured(body, "/v1/events", "application/json"))).toMatchObject({
        status: 400,
        errors: [{ path: "specversion", message: expect.stringMatching(/application\/cloudevents\+json/) as string }],
      });
  });

  test("a batch gives one result each, and is refused whole with the places", async () => {
    const batch = (...events: object[]) => structured(events, "/v1/events", "application/cloudevents-batch+json");
    const answer = await post<Record<string, unknown>[]>(
      batch(envelope({ id: "B-1" }), envelope({ id: "B-2", data: 2 }), envelope({ id: "B-1" })),
    );
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject([{ duplicate: false }, { duplicate: false }, { duplicate: true }]);
    expect(Buffer.from((await api.store.events.payload(String(answer.body[1]?.["id"]))) ?? []).toString()).toBe(
      JSON.stringify(envelope({ id: "B-2", data: 2 })),
    );
    expect(
      await problem(batch(envelope({ id: "B-3" }), envelope({ id: "" }), envelope({ source: undefined }))),
    ).toMatchObject({ status: 400, errors: [{ path: "[1].id" }, { path: "[1].id" }, { path: "[2].source" }] });
    expect(await problem(batch(envelope({ id: "B-3" }), envelope({ type: "no.such" })))).toMatchObject({
      status: 400,
      errors: [{ path: "[1].type" }],
    });
    expect(await api.store.events.get(eventIdOf({ source: "/shop/1", id: "B-3" }))).toBeUndefined();
  });

  test.each<[string, unknown, number, string]>([
    ["no JSON", "{", 400, "malformed_json"],
    ["an array", [{}], 400, "invalid_request"],
    ["no object", "7", 400, "invalid_request"],
    ["two ids", '{"id":"a","id":"b"}', 400, "duplicate_member"],
    ["no version", { ...{ id: "x", source: "/", type: "t" } }, 400, "invalid_request"],
    [
      "an object as attribute",
      { specversion: "1.0", id: "x", source: "/", type: "t", ext: {} },
      400,
      "invalid_request",
    ],
    [
      "data twice",
      { specversion: "1.0", id: "x", source: "/", type: "t", data: 1, data_base64: "MQ==" },
      400,
      "invalid_request",
    ],
    ...["***", "MQ", "MQ=", "M-_x", "MQ==\n", 5, ["MQ=="]].map((data_base64): [string, unknown, number, string] => [
      `${JSON.stringify(data_base64)} as base64`,
      { specversion: "1.0", id: "x", source: "/", type: "t", data_base64 },
      400,
      "invalid_request",
    ]),
    ...[5, "json", "", ["text/plain"], "a/b\r\nx: y"].map((datacontenttype): [string, unknown, number, string] => [
      `${JSON.stringify(datacontenttype)} as the type of the data`,
      { specversion: "1.0", id: "x", source: "/", type: "t", datacontenttype },
      400,
      "invalid_request",
    ]),
    ["an unknown type", { specversion: "1.0", id: "x", source: "/", type: "no.such" }, 404, "event_type_unknown"],
  ])("refuses %s", async (_name, event, status, code) => {
    expect(await problem(structured(event))).toMatchObject({ status, code });
  });

  test("the schema of a type is of the data, in both modes", async () => {
    const name = `${tenant.eventType}.checked`;
    expect(
      (
        await api.call("POST", "/v1/event-types", {
          body: { name, apiId: tenant.apiId, schema: { type: "object", required: ["n"] }, validation: "enforce" },
        })
      ).status,
    ).toBe(201);
    const of = (more: object) => structured(envelope({ type: name, ...more }));
    expect((await post(of({ id: "C-1", data: { n: 1 } }))).status).toBe(202);
    expect(
      (await post(of({ id: "C-2", data: undefined, data_base64: Buffer.from('{"n":1}').toString("base64") }))).status,
    ).toBe(202);
    const base64 = (text: string) => ({ data: undefined, data_base64: Buffer.from(text).toString("base64") });
    for (const [more, path, message] of [
      [{ data: { m: 1 } }, "data", /required property 'n'/],
      [{ data: undefined }, "data", /has none/],
      [base64("x"), "data", /not JSON/],
      [base64('{"m":1}'), "data", /required property 'n'/],
      [base64('{"n":1,"n":2}'), "data", /same member twice/],
      [{ data: { n: 1 }, datacontenttype: "application/xml" }, "data", /content type/],
      [{ ...base64('{"n":1}'), datacontenttype: "application/octet-stream" }, "data", /content type/],
    ] as const) {
      const event = envelope({ type: name, id: "C-3", ...more });
      const refused = { status: 422, code: "payload_invalid", detail: expect.stringMatching(message) as string };
      for (const place of ["/v1/events", `/v1/events/${name}`]) {
        expect(await problem(structured(event, place))).toMatchObject({ ...refused, errors: [{ path }] });
        expect(await problem(structured([event], place, BATCH))).toMatchObject({
          ...refused,
          errors: [{ path: `[0].${path}` }],
        });
      }
    }
  });

  test("a batch for the type in the path gives one event each, and is refused whole with the places", async () => {
    const place = `/v1/events/${tenant.eventType}`;
    const batch = (...events: object[]) => structured(events, place, BATCH);
    const answer = await post<Record<string, unknown>[]>(
      batch(
        envelope({ id: "P-1", type: "com.example.any" }),
        envelope({ id: "P-2" }),
        envelope({ id: "P-1", type: "com.example.any" }),
      ),
    );
    expect(answer).toMatchObject({
      status: 202,
      body: [{ duplicate: false }, { duplicate: false }, { duplicate: true }],
    });
    expect(await api.store.events.get(String(answer.body[0]?.["id"]))).toMatchObject({
      type: tenant.eventType,
      contentType: "application/cloudevents+json",
      attributes: { id: "P-1", type: "com.example.any" },
    });
    const other = `${tenant.eventType}.other`;
    expect((await api.call("POST", "/v1/event-types", { body: { name: other, apiId: tenant.apiId } })).status).toBe(
      201,
    );
    expect(await problem(batch(envelope({ id: "P-3" }), envelope({ id: "P-4", type: other })))).toMatchObject({
      status: 400,
      errors: [{ path: "[1].type" }],
    });
    expect(await problem(structured({ not: "an array" }, place, BATCH))).toMatchObject({ status: 400 });
    expect(await problem(structured([{ total: 1 }], place, BATCH))).toMatchObject({ status: 400 });
    expect(await problem(structured([envelope({ id: "P-3" })], "/v1/events/no.such", BATCH))).toMatchObject({
      status: 404,
      code: "event_type_unknown",
    });
    expect(await api.store.events.get(eventIdOf({ source: "/shop/1", id: "P-3" }))).toBeUndefined();
  });
});
