import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { CLAIM_LEASE_MS } from "../../../src/store/collections/idempotency.js";
import { newId } from "../../../src/store/ids.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let client: MongoClient;
let tenant: Tenant;
/** What stands between the API and its store in a test. */
let between: (method: string) => Promise<void> = async () => undefined;

/** Subscriptions whose insert can be held up, or made to fail after it was done. */
const faulty = (store: MongoStore): MongoStore => ({
  ...store,
  subscriptions: {
    ...store.subscriptions,
    insert: async (item) => {
      await between("before");
      await store.subscriptions.insert(item);
      await between("after");
    },
  },
});

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    between: faulty,
  });
  client = await MongoClient.connect(inject("mongodbUrl"));
  tenant = await makeTenant(api, "idem");
});
afterAll(async () => {
  await client?.close();
  await api?.close();
});

let keys = 0;
const newKey = () => `key-${++keys}`;
const keyRows = () =>
  client
    .db(api.database)
    .collection<{ _id: string; claimedAt: Date; answer?: { value(): Uint8Array } }>("idempotencyKeys");
const input = (more: object = {}) => ({
  groupId: tenant.groupId,
  url: "https://8.8.8.8/hook",
  eventTypes: [tenant.eventType],
  ...more,
});
const create = (key: string, body: unknown = input(), more: { key?: string } = {}) =>
  api.call("POST", "/v1/subscriptions", { body, headers: { "idempotency-key": key }, ...more });
const count = async () => (await api.store.subscriptions.all()).length;
/** As if the process had died that long ago. */
const age = async () =>
  void (await keyRows().updateMany(
    { answer: { $exists: false } },
    { $set: { claimedAt: new Date(Date.now() - CLAIM_LEASE_MS - 1_000) } },
  ));

describe("a repeated request", () => {
  test("is done once and gets the first answer, the secret included", async () => {
    const key = newKey();
    const before = await count();
    const first = await create(key);
    expect(first).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/) as string } });
    expect(first.headers["idempotent-replayed"]).toBeUndefined();
    // The members may stand in another order, and the key in quotes, as the draft writes it.
    const { url, ...rest } = input();
    for (const again of [await create(key), await create(`"${key}"`, { url, ...rest })]) {
      expect(again).toMatchObject({ status: 201, body: first.body });
      expect(again.headers).toMatchObject({ location: first.headers["location"], "idempotent-replayed": "true" });
    }
    expect(await count()).toBe(before + 1);
  });

  test("lies sealed: no secret and no key of the client is in the database", async () => {
    const first = await create("canary-client-key");
    const rows = JSON.stringify(await client.db(api.database).collection("idempotencyKeys").find().toArray());
    const bytes = (await keyRows().find().toArray())
      .map(({ answer }) => Buffer.from(answer?.value() ?? []).toString("latin1"))
      .join("");
    for (const word of ["canary-client-key", String(first.body["secret"])]) expect(rows + bytes).not.toContain(word);
  });

  test("with another body answers 409 and changes nothing", async () => {
    const key = newKey();
    await create(key);
    const before = await count();
    expect(
      await api.problem("POST", "/v1/subscriptions", {
        body: input({ name: "other" }),
        headers: { "idempotency-key": key },
      }),
    ).toMatchObject({ status: 409, code: "idempotency_key_reused" });
    expect(await count()).toBe(before);
  });

  test("is another one for another principal, path or object", async () => {
    const key = newKey();
    const ids = [
      await create(key),
      await create(key, input(), { key: tenant.consumerKey }),
      await create(key, input(), { key: tenant.providerKey }),
    ].map(({ body }) => body["id"]);
    expect(new Set(ids).size).toBe(3);
    const pauses = await Promise.all(
      ids.map((id) =>
        api.call("POST", `/v1/subscriptions/${String(id)}/secret/rotate`, {
          body: {},
          headers: { "idempotency-key": key },
        }),
      ),
    );
    expect(new Set(pauses.map(({ body }) => body["secret"])).size).toBe(3);
    expect(
      await api.call("POST", "/v1/groups", {
        body: { name: "idem other", grants: [] },
        headers: { "idempotency-key": key },
      }),
    ).toMatchObject({ status: 201 });
  });

  test("that was refused may be corrected with the same key", async () => {
    const key = newKey();
    expect(await create(key, input({ tls: { ca: "nonsense" } }))).toMatchObject({ status: 422 });
    expect(await create(key, { groupId: tenant.groupId })).toMatchObject({ status: 400 });
    expect(await create(key)).toMatchObject({ status: 201 });
  });

  test.each([
    ["/v1/apis", () => ({ name: "idem api" })],
    ["/v1/event-types", () => ({ name: "idem.made", apiId: tenant.apiId })],
    ["/v1/groups", () => ({ name: "idem group", grants: [] })],
    ["/v1/api-keys", () => ({ name: "idem key", role: "admin" })],
  ])("holds for POST %s", async (path, body) => {
    const call = () => api.call("POST", path, { body: body(), headers: { "idempotency-key": "one" } });
    const first = await call();
    expect(first.status, first.text).toBe(201);
    expect(await call()).toMatchObject({ status: 201, body: first.body });
  });
});

test.each([
  ["empty", ""],
  ["too long", "x".repeat(256)],
  ["with a space", "a b"],
  ["with a letter beyond ASCII", "\u00e9"],
  ["an empty text", '""'],
])("a key that is %s is refused", async (_name, key) => {
  expect(
    await api.problem("POST", "/v1/subscriptions", { body: input(), headers: { "idempotency-key": key } }),
  ).toMatchObject({ status: 400, errors: [{ path: "header.Idempotency-Key" }] });
});

test("on publish the key stays the event id", async () => {
  // An own id names a workflow, and the engine may be one that other runs use, too.
  const id = newId("order");
  const publish = () =>
    api.call("POST", `/v1/events/${tenant.eventType}`, { body: { n: 1 }, headers: { "idempotency-key": id } });
  expect([(await publish()).body, (await publish()).body]).toMatchObject([
    { id, duplicate: false },
    { id, duplicate: true },
  ]);
});

describe("at the same time, and after a failure", () => {
  const failing = async (when: string, work: () => Promise<void>, run: () => Promise<void>) => {
    between = async (method) => (method === when ? work() : undefined);
    try {
      await run();
    } finally {
      between = async () => undefined;
    }
  };

  test("many at once are one: the others hear that it is under way, then get its answer", async () => {
    const key = newKey();
    const before = await count();
    let free = (): void => undefined;
    const held = new Promise<void>((resolve) => (free = resolve));
    await failing(
      "before",
      () => held,
      async () => {
        const first = create(key);
        let second = await create(key);
        while (second.status === 201) second = await create(key);
        expect(second).toMatchObject({ status: 409, body: { code: "idempotency_key_in_use" } });
        expect(Number(second.headers["retry-after"])).toBeGreaterThan(0);
        free();
        expect((await first).status).toBe(201);
        expect((await create(key)).body).toEqual((await first).body);
      },
    );
    expect(await count()).toBe(before + 1);
  });

  test("a process that died before it changed anything: the request is done by the next one", async () => {
    const key = newKey();
    const before = await count();
    await failing(
      "before",
      () => Promise.reject(new Error("died")),
      async () => void expect((await create(key)).status).toBe(500),
    );
    await age();
    expect((await create(key)).status).toBe(201);
    expect(await count()).toBe(before + 1);
  });

  test("a process that died after the change: it is not done again, and the answer says what is there", async () => {
    const key = newKey();
    const before = await count();
    await failing(
      "after",
      () => Promise.reject(new Error("died")),
      async () => void expect((await create(key)).status).toBe(500),
    );
    await age();
    const again = await api.problem("POST", "/v1/subscriptions", {
      body: input(),
      headers: { "idempotency-key": key },
    });
    expect(again).toMatchObject({
      status: 409,
      code: "idempotency_answer_lost",
      detail: expect.stringMatching(/The request was done: see sub_/) as string,
    });
    expect(await count()).toBe(before + 1);
  });
});
