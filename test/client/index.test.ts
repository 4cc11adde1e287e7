import { randomBytes } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { deliverEventStart, publishedEvent, remoteDataConverter } from "../../src/client/index.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../api/running-api.js";

let api: RunningApi;
let tenant: Tenant;
let connection: Connection;
const taskQueue = `client-${randomBytes(4).toString("hex")}`;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  [tenant, connection] = await Promise.all([
    makeTenant(api, "client"),
    Connection.connect({ address: inject("temporalAddress") }),
  ]);
});
afterAll(async () => {
  await connection?.close();
  await api?.close();
});
const providerOf = (apiKey: string) =>
  new Client({ connection, dataConverter: remoteDataConverter({ codecUrl: `${api.url}/codec/`, apiKey }) });

describe("a provider's own Temporal client", () => {
  it("starts deliverEvent with its payload sealed in the engine, and without the right to open it again", async () => {
    const { workflow, options } = deliverEventStart({
      id: `order-${randomBytes(6).toString("hex")}`,
      type: tenant.eventType,
      data: { note: "kingfisher" },
    });
    const handle = await providerOf(tenant.providerKey).workflow.start(workflow, { ...options, taskQueue });
    expect(handle.workflowId).toBe(options.workflowId);
    const { events } = await new Client({ connection }).workflow.getHandle(handle.workflowId).fetchHistory();
    const payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    expect(payloads).toHaveLength(1);
    expect(Buffer.from(payloads[0]?.metadata?.["encoding"] ?? []).toString()).toBe("binary/encrypted");
    const raw =
      Buffer.from(JSON.stringify(events)).toString() + Buffer.from(payloads[0]?.data ?? []).toString("latin1");
    expect(raw).not.toContain("kingfisher");

    const codecOf = (apiKey: string) =>
      remoteDataConverter({ codecUrl: `${api.url}/codec`, apiKey }).payloadCodecs?.[0];
    await expect(codecOf(tenant.providerKey)?.decode(payloads)).rejects.toThrow(
      /answered 403: the key's role may not do that/,
    );
    const [opened] = (await codecOf(api.adminKey)?.decode(payloads)) ?? [];
    expect(JSON.parse(Buffer.from(opened?.data ?? []).toString())).toMatchObject({
      events: [{ type: tenant.eventType, body: { text: '{"note":"kingfisher"}' } }],
    });
    await handle.terminate();
  });

  it("may not seal with a consumer's key", async () => {
    const { workflow, options } = deliverEventStart({ type: tenant.eventType, data: 1 });
    await expect(providerOf(tenant.consumerKey).workflow.start(workflow, { ...options, taskQueue })).rejects.toThrow(
      /answered 403/,
    );
  });
});

describe("publishedEvent", () => {
  it("takes bytes verbatim and refuses what the engine or a signature could not carry", () => {
    expect(publishedEvent({ type: "a.b", body: Buffer.from([255, 0]), contentType: "x/y" })).toMatchObject({
      body: { base64: "/wA=" },
      contentType: "x/y",
    });
    expect(publishedEvent({ id: "order-1", type: "a.b", data: "é", groups: ["grp_1"] })).toMatchObject({
      id: "order-1",
      body: { text: '"é"' },
      groups: ["grp_1"],
      contentType: "application/json",
    });
    expect(() => publishedEvent({ id: "order 1", type: "a.b", data: 1 })).toThrow(
      "An event id is 1 to 256 of A-Z a-z 0-9 _ - : . /.",
    );
    expect(deliverEventStart({ id: "order:1.0", type: "a.b", data: 1 }).options).toMatchObject({
      workflowId: "order~3A1~2E0",
      args: [{ events: [{ id: "order:1.0" }] }],
    });
    expect(() => publishedEvent({ type: "a.b", body: Buffer.alloc(512 * 1024 + 1), contentType: "x/y" })).toThrow(
      /publish with POST \/v1\/events/,
    );
    expect(() => deliverEventStart()).toThrow(/Give 1 to 200 events/);
    expect(deliverEventStart({ type: "a.b", data: 1 }, { type: "a.b", data: 2 }).options.workflowId).toMatch(/^batch_/);
  });
});
