/** OpenAPI documents that describe their events as callbacks of the request by which a caller subscribes. */
import { describe, expect, test } from "vitest";
import { api, named, newApi, send, setUpImportPublished } from "./import-published-setup.js";

setUpImportPublished();

const json = (schema: object) => ({ requestBody: { content: { "application/json": { schema } } } });
const post = (more: object = {}, schema: object = { type: "object" }) => ({
  post: { ...json(schema), responses: { "202": { description: "ok" } }, ...more },
});
const subscribing = (callbacks: object, more: object = {}) => ({
  openapi: "3.0.0",
  info: { title: "x", version: "1" },
  paths: { "/streams": { post: { responses: { "201": { description: "ok" } }, callbacks } } },
  ...more,
});
const URL = "{$request.query.callbackUrl}/data";
const AT = "/paths/~1streams/post/callbacks";

describe("without webhooks", () => {
  test("each callback is an event type by its key, and a warning says so", async () => {
    const answer = await send(
      subscribing({ p40OnData: { [URL]: post({ description: "Data came" }, { type: "object", required: ["at"] }) } }),
    );
    expect(answer, answer.text).toMatchObject({ status: 200, body: { created: ["p40OnData"], skipped: [] } });
    expect(answer.body.warnings).toEqual([
      {
        path: `${AT}/p40OnData/{$request.query.callbackUrl}~1data`,
        reason: expect.stringMatching(/callback.*p40OnData.*no webhooks/) as string,
      },
    ]);
    expect(await api.store.eventTypes.get("p40OnData")).toMatchObject({
      description: "Data came",
      schema: { type: "object", required: ["at"] },
    });
  });

  test("a key that several have gives way to the id of the operation, and a shared callback counts once", async () => {
    const answer = await send({
      ...subscribing({
        p41Event: {
          [`${URL}/a`]: post({ operationId: "p41.opened" }),
          [`${URL}/b`]: post({ operationId: "p41/closed" }),
        },
        shared: { $ref: "#/components/callbacks/p41Shared" },
        alsoShared: { $ref: "#/components/callbacks/p41Shared" },
        "not a name!": { [URL]: post({ operationId: "p41.named" }) },
      }),
      components: { callbacks: { p41Shared: { "x-note": "none", [URL]: post({ operationId: "p41.shared" }) } } },
    });
    expect(answer, answer.text).toMatchObject({
      status: 200,
      body: { created: ["p41.opened", "p41.closed", "shared", "p41.named"], skipped: [] },
    });
  });

  test("what cannot be taken is named, and the rest is imported", async () => {
    const answer = await send(
      subscribing({
        p42Good: { [URL]: post() },
        p42Get: { [URL]: { get: { responses: {} } } },
        p42Lost: { $ref: "#/components/callbacks/None" },
        p42Twice: { "{$a}": post(), "{$b}": post() },
        p42Form: { [URL]: post({ requestBody: { content: { "application/x-www-form-urlencoded": {} } } }) },
        p42Nothing: null,
      }),
    );
    expect(answer, answer.text).toMatchObject({
      status: 200,
      body: {
        created: ["p42Good", "p42Twice", "p42Form"],
        skipped: [named(/points at nothing/), named(/needs the method post/), named(/earlier one, p42Twice/)],
      },
    });
  });

  test("strict=true takes only those that have the name of an event type", async () => {
    const apiId = await newApi();
    const query = "?strict=true";
    const strict = await send(subscribing({ p43OnData: { [URL]: post() } }), { apiId, query });
    expect(strict).toMatchObject({
      status: 422,
      body: { errors: [{ message: expect.stringMatching(/callback/) as string }] },
    });
    const own = { "x-sealpost-event-type": "p43.named" };
    expect(await send(subscribing({ p43OnData: { [URL]: post(own) } }), { apiId, query })).toMatchObject({
      status: 200,
      body: { created: ["p43.named"], warnings: [] },
    });
  });
});

test("beside webhooks a callback is the answer to one request, unless its operation names an event type", async () => {
  const answer = await send({
    ...subscribing({
      p44OnData: { [URL]: post() },
      p44Own: { [URL]: { ...post(), "x-sealpost-event-type": "p44.own" } },
    }),
    openapi: "3.1.0",
    webhooks: { "p44.webhook": post() },
  });
  expect(answer, answer.text).toMatchObject({
    status: 200,
    body: { created: ["p44.webhook", "p44.own"], skipped: [], warnings: [] },
  });
});
