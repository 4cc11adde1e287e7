/** Limits on what is done on behalf of a group, over two processes, against a receiver that counts what it got. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { startReceiver, type Receiver } from "../../support/receiver.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let beside: RunningApi;
let tenant: Tenant;
let receiver: Receiver;
const limits = { verify: 5, test: 5, drafts: 20, recoveries: 3 };

beforeAll(async () => {
  const options = {
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    limits,
    guard: { allowLocal: true, ports: [443] },
  };
  api = await startApi(options);
  beside = await startApi({ ...options, beside: api });
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver?.close();
  await beside?.close();
  await api?.close();
});
let names = 0;
const newTenant = async (): Promise<void> => {
  tenant = await makeTenant(api, `limited${++names}`);
  await beside.catalogue.refresh();
};
afterEach(() => void (receiver.requests.length = 0));

const draft = async (url: string): Promise<string> =>
  String(
    (
      await api.call("POST", "/v1/subscriptions", {
        key: tenant.consumerKey,
        body: { url, eventTypes: [tenant.eventType] },
      })
    ).body["id"],
  );
/** Ten calls, in turn to the one and the other process. Gives how many were let through. */
async function tenOf(path: string, key = tenant.consumerKey): Promise<number> {
  let through = 0;
  for (let index = 0; index < 10; index++) {
    const answer = await (index % 2 ? beside : api).call("POST", path, { key });
    if (answer.status !== 429) {
      through += 1;
      continue;
    }
    expect(answer).toMatchObject({
      headers: { "content-type": "application/problem+json" },
      body: { code: "rate_limited" },
    });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(Number(answer.headers["retry-after"])).toBeLessThanOrEqual(60);
  }
  return through;
}

describe("of a minute", () => {
  test(
    "5 verifications reach a host for a group, whichever of its subscriptions they are for; " +
      "another host has its own",
    async () => {
      await newTenant();
      const [first, second, elsewhere] = [
        await draft(receiver.url),
        await draft(`${receiver.url}/two`),
        await draft(receiver.url.replace("127.0.0.1", "127.0.0.2")),
      ];
      expect(await tenOf(`/v1/subscriptions/${first}/verify`)).toBe(5);
      expect(await tenOf(`/v1/subscriptions/${second}/verify`)).toBe(0);
      expect(receiver.requests).toHaveLength(5);
      expect(await tenOf(`/v1/subscriptions/${elsewhere}/verify`)).toBe(5);
      // Another group is not held up by this one.
      await newTenant();
      expect(await tenOf(`/v1/subscriptions/${await draft(receiver.url)}/verify`)).toBe(5);
    },
  );

  test("a group has 20 verifications over all hosts", async () => {
    await newTenant();
    let through = 0;
    for (let host = 2; host <= 7; host++)
      through += await tenOf(`/v1/subscriptions/${await draft(`http://127.0.1.${host}:9/x`)}/verify`);
    expect(through).toBe(20);
  });

  test("5 test events are published", async () => {
    await newTenant();
    expect(await tenOf(`/v1/subscriptions/${tenant.subscriptionId}/test`)).toBe(5);
  });

  test("20 drafts are made, and a provider's subscriptions in service are not counted", async () => {
    await newTenant();
    const statuses: number[] = [];
    for (let index = 0; index < 23; index++) {
      statuses.push(
        (
          await api.call("POST", "/v1/subscriptions", {
            key: tenant.consumerKey,
            body: { url: `https://8.8.8.8/${index}`, eventTypes: [tenant.eventType] },
          })
        ).status,
      );
    }
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 201), 429, 429, 429]);
    expect(
      (
        await api.call("POST", "/v1/subscriptions", {
          body: { groupId: tenant.groupId, url: "https://8.8.8.8/", eventTypes: [tenant.eventType] },
        })
      ).status,
    ).toBe(201);
    // Refused before anything is looked up: also what would be refused anyway.
    expect(
      await api.problem("POST", "/v1/subscriptions", {
        key: tenant.consumerKey,
        body: { url: "https://10.0.0.1/", eventTypes: ["no.such.type"] },
      }),
    ).toMatchObject({ code: "rate_limited" });
  });

  test("3 recoveries are started; a start that is refused for its token is not counted", async () => {
    await newTenant();
    const filter = { since: new Date(Date.now() - 3_600_000).toISOString() };
    const started: number[] = [];
    for (let index = 0; index < 5; index++) {
      const { body } = await api.call("POST", "/v1/recoveries/preview", { key: tenant.consumerKey, body: { filter } });
      expect(
        (await api.call("POST", "/v1/recoveries", { key: tenant.consumerKey, body: { filter, token: "x" } })).status,
      ).toBe(409);
      started.push(
        (
          await (index % 2 ? beside : api).call("POST", "/v1/recoveries", {
            key: tenant.consumerKey,
            body: { filter, token: body["token"] },
          })
        ).status,
      );
    }
    expect(started).toEqual([202, 202, 202, 429, 429]);
  });
});

test("refusals are counted, not written to the audit one by one", async () => {
  await newTenant();
  await tenOf(`/v1/subscriptions/${tenant.subscriptionId}/test`);
  const acts = async (): Promise<unknown[]> =>
    (await api.call<{ data: { subject: string }[] }>("GET", "/v1/audit?action=limit.refuse")).body.data.filter(
      ({ subject }) => subject === `test:${tenant.groupId}`,
    );
  // One of each process. An answer does not wait for its refusal to be written.
  await expect.poll(acts).toHaveLength(2);
  expect((await api.call("GET", "/metrics")).text).toMatch(/sealpost_limit_refusals_total\{limit="test"\} \d/);
});
