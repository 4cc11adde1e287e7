/** CloudEvents in every mode of the HTTP binding: what is taken, what names the event, what is refused. */
import { CloudEvent, HTTP } from "cloudevents";
import { describe, expect, test } from "vitest";
import {
  attributesOfEvent,
  attributesOfHeaders,
  decodeAttribute,
  eventIdOf,
} from "../../../src/api/publish/cloud-events.js";
import { MAX_HOPS } from "../../../src/api/publish/hops.js";
import { makeTenant } from "../running-api.js";
import { api, tenant, binary, post, structured, problem, envelope, setUpCloudEvents } from "./cloud-events-setup.js";

setUpCloudEvents();

describe("binary mode", () => {
  test("an event without data needs no content type, and one with data does", async () => {
    for (const path of ["/v1/events", `/v1/events/${tenant.eventType}`]) {
      const { call } = binary({ "ce-id": `empty ${path}`, "ce-type": tenant.eventType }, path, "");
      const { "content-type": _type, ...headers } = call.headers;
      const answer = await post<{ id: string }>({ path, call: { ...call, headers } });
      expect(answer.status, answer.text).toBe(202);
      expect((await api.call("GET", `/v1/events/${answer.body.id}`, { key: tenant.providerKey })).body).toMatchObject({
        contentType: "application/octet-stream",
        size: 0,
      });
      expect(await problem({ path, call: { ...call, headers, body: Buffer.from("1") } })).toMatchObject({
        status: 415,
        code: "unsupported_media_type",
      });
    }
  });

  test("what the SDK writes is taken whole, and source and id are the idempotency key", async () => {
    const event = new CloudEvent({
      type: "com.example.paid",
      source: "/sdk/orders",
      id: "sdk-1",
      subject: "4711",
      time: "2026-11-26T01:02:03.000Z",
      dataschema: "https://example.com/schema",
      data: { n: 1 },
      partitionkey: "k",
      retries: 3,
    });
    const message = HTTP.binary(event);
    const call = {
      key: tenant.providerKey,
      body: Buffer.from(String(message.body)),
      headers: message.headers as Record<string, string>,
    };
    const first = await api.call<{ id: string; duplicate: boolean }>("POST", `/v1/events/${tenant.eventType}`, call);
    expect([first.status, first.body.duplicate]).toEqual([202, false]);
    expect((await api.call("POST", `/v1/events/${tenant.eventType}`, call)).body).toEqual({
      id: first.body.id,
      duplicate: true,
    });
    expect(
      await api.problem("POST", `/v1/events/${tenant.eventType}`, { ...call, body: Buffer.from('{"n":2}') }),
    ).toMatchObject({ status: 409, code: "event_id_conflict" });
    const elsewhere = await api.call<{ id: string }>("POST", `/v1/events/${tenant.eventType}`, {
      ...call,
      headers: { ...call.headers, "ce-source": "/sdk/others" },
      body: Buffer.from('{"n":2}'),
    });
    expect(elsewhere.status).toBe(202);
    expect(elsewhere.body.id).not.toBe(first.body.id);
    const read = await api.call("GET", `/v1/events/${first.body.id}`, { key: tenant.providerKey });
    expect(read.body).toMatchObject({
      type: tenant.eventType,
      cloudEvent: {
        id: "sdk-1",
        source: "/sdk/orders",
        type: "com.example.paid",
        specversion: "1.0",
        subject: "4711",
        time: "2026-11-26T01:02:03.000Z",
        dataschema: "https://example.com/schema",
        partitionkey: "k",
        retries: "3",
      },
    });
    const auditor = (await api.key({ role: "auditor" })).token;
    expect((await api.call("GET", `/v1/events/${first.body.id}`, { key: auditor })).body).not.toHaveProperty(
      "cloudEvent",
    );
  });

  test("at /v1/events the event's own type counts, and an Idempotency-Key before source and id", async () => {
    expect(
      await post(binary({ "ce-type": tenant.eventType, "idempotency-key": "order:7/1" }, "/v1/events")),
    ).toMatchObject({ status: 202, body: { id: "order:7/1", duplicate: false } });
    expect((await api.store.events.get("order:7/1"))?.attributes).toMatchObject({ id: "A-1", type: tenant.eventType });
    expect(await problem(binary({ "ce-type": "no.such" }, "/v1/events"))).toMatchObject({
      status: 404,
      code: "event_type_unknown",
    });
  });

  test("is found by source and id, by whoever may see it", async () => {
    const { body } = await post(
      binary({ "ce-id": "A%20find", "ce-source": "/shop/größe".replace("größe", "gr%C3%B6%C3%9Fe") }),
    );
    const query = `ceSource=${encodeURIComponent("/shop/größe")}&ceId=${encodeURIComponent("A find")}`;
    const found = async (more = "", key = tenant.providerKey) =>
      (await api.call<{ data: { id: string }[] }>("GET", `/v1/events?${query}${more}`, { key })).body.data.map(
        ({ id }) => id,
      );
    expect(await found()).toEqual([body.id]);
    expect(await found(`&type=${tenant.eventType}&since=2020-01-01T00:00:00Z`)).toEqual([body.id]);
    expect(await found("&until=2020-01-01T00:00:00Z")).toEqual([]);
    const others = await makeTenant(api, "strangers");
    expect(await found("", others.providerKey)).toEqual([]);
    expect(await api.problem("GET", "/v1/events?ceId=A")).toMatchObject({ status: 400, code: "invalid_request" });
  });

  test("attributes are sealed at rest and go with the content", async () => {
    const { body } = await post(binary({ "ce-id": "A-sealed", "ce-subject": "canary-person" }));
    const raw = await api.store.events.get(body.id);
    expect(raw?.attributes?.["subject"]).toBe("canary-person");
    expect((await api.call("DELETE", `/v1/events/${body.id}`)).status).toBe(204);
    expect(await api.store.events.get(body.id)).not.toHaveProperty("attributes");
  });

  test.each<[string, Record<string, string>, string]>([
    ["without id", { "ce-id": "" }, "ce-id"],
    ["without source", { "ce-source": "" }, "ce-source"],
    ["of a version that is none", { "ce-specversion": "2.0" }, "ce-specversion"],
    ["with a name that is none", { "ce-my-extension": "1" }, "ce-my-extension"],
    ["too large", { "ce-a": "x".repeat(4_096) }, "ce-"],
    ["with too many", Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`ce-x${n}`, "1"])), "ce-"],
  ])("is refused %s", async (_name, headers, path) => {
    const refused = await problem(binary(headers));
    expect(refused).toMatchObject({ status: 400, code: "invalid_request" });
    expect(refused.errors?.map((error) => error.path)).toContain(path);
  });

  test("a single attribute is not dropped in silence, and another event type is not passed off", async () => {
    const call = {
      key: tenant.providerKey,
      body: Buffer.from("1"),
      headers: { "content-type": "text/plain", "ce-subject": "x" },
    };
    expect((await api.problem("POST", `/v1/events/${tenant.eventType}`, call)).errors?.map(({ path }) => path)).toEqual(
      ["ce-specversion", "ce-id", "ce-source", "ce-type"],
    );
    await makeTenant(api, "other");
    expect(await problem(binary({ "ce-type": "other.invoice.paid" }))).toMatchObject({
      status: 400,
      errors: [{ path: "type", message: "names another event type than the path" }],
    });
    expect(await problem(binary({ "ce-type": "sealpost.test" }))).toMatchObject({ status: 400 });
  });
});

describe("hops", () => {
  const publish = (hops: string, headers: Record<string, string> = {}) => ({
    path: "/v1/events",
    call: {
      key: tenant.providerKey,
      body: Buffer.from(`{"type":"${tenant.eventType}","data":1}`),
      headers: { "content-type": "application/json", "sealpost-hops": hops, ...headers },
    },
  });
  test("an event that has come round too often is refused in every form, with a code of its own", async () => {
    expect((await post(publish(String(MAX_HOPS)))).status).toBe(202);
    const over = { "sealpost-hops": String(MAX_HOPS + 1) };
    for (const one of [
      publish(over["sealpost-hops"]),
      binary({ ...over, "ce-id": "H-1" }),
      structured(envelope({ id: "H-2" }), "/v1/events", "application/cloudevents+json", over),
    ])
      expect(await problem(one)).toMatchObject({ status: 422, code: "loop_detected" });
  });
  test.each(["-1", "x", "1.5", "", "1, 1", "9999"])("%j is no number of hops", async (hops) => {
    expect(await problem(publish(hops))).toMatchObject({ status: 400, errors: [{ path: "Sealpost-Hops" }] });
  });
});

describe("attributes as headers", () => {
  test.each([
    ["Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"],
    ["plain", "plain"],
    ['"quoted \\"x\\""', 'quoted "x"'],
    ["100%25", "100%"],
    ["a b", "a b"],
    ["%zz", "%zz"],
    ["%ff", "%ff"],
  ])("%s means %s", (value, text) => {
    expect(decodeAttribute(value)).toBe(text);
  });
  test("what cannot stand in a header is percent-encoded, what came in one stays", () => {
    const of = (subject: string) =>
      attributesOfHeaders([
        "ce-specversion",
        "1.0",
        "CE-ID",
        "1",
        "ce-source",
        "/",
        "ce-type",
        "t",
        "ce-subject",
        subject,
        "host",
        "x",
      ]);
    expect(of("Euro%20%E2%82%AC a")).toMatchObject({ ok: true, attributes: { subject: "Euro%20%E2%82%AC a" } });
    expect(of(Buffer.from("größe").toString("latin1"))).toMatchObject({ attributes: { subject: "gr%C3%B6%C3%9Fe" } });
    expect(of("gr\u00f6\u00dfe")).toMatchObject({ attributes: { subject: "gr%C3%B6%C3%9Fe" } });
    expect(
      attributesOfEvent({ specversion: "1.0", id: 'a "b" 100% € \r\nx', source: "/", type: "t", absent: null }),
    ).toEqual({
      ok: true,
      attributes: { specversion: "1.0", id: "a%20%22b%22%20100%25%20%E2%82%AC%20%0D%0Ax", source: "/", type: "t" },
    });
    expect(attributesOfHeaders(["ce-id", "1", "ce-id", "2"])).toMatchObject({
      ok: false,
      errors: [
        { path: "ce-id", message: "must be given once" },
        { path: "ce-specversion" },
        { path: "ce-source" },
        { path: "ce-type" },
      ],
    });
    for (const name of ["__proto__", "constructor", "toString"])
      expect(attributesOfHeaders([`ce-${name}`, "x"]).ok).toBe(false);
  });
  test("source and id do not run into each other", () => {
    expect(eventIdOf({ source: "a", id: "bc" })).not.toBe(eventIdOf({ source: "ab", id: "c" }));
    expect(eventIdOf({ source: "/%C3%B6", id: "1" })).toBe(eventIdOf({ source: "/ö", id: "1" }));
    expect(eventIdOf({ source: "a", id: "b" })).toMatch(/^ce_[A-Za-z0-9_-]{43}$/);
  });
});
