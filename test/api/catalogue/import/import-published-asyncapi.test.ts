import { describe, expect, test } from "vitest";
import { api, newApi, send, named, setUpImportPublished } from "./import-published-setup.js";

setUpImportPublished();

const asyncApi = (more: string) => `asyncapi: 3.0.0\ninfo: {title: x, version: 1.0.0}\n${more}`;

describe("AsyncAPI 3", () => {
  test("the message's name always, the address only where there is none", async () => {
    const answer = await send(
      asyncApi(`channels:
  root: {address: /, messages: {beat: {name: p8.heartbeat, payload: {type: object}}}}
  bare: {address: /, messages: {p8tick: {payload: {type: object}}}}
  named: {address: p8/by/address, messages: {a: {name: p8.byName, payload: {type: object}}}}
  address: {address: /p8/by/address, messages: {a: {payload: {type: object}}}}
  parameter: {address: '/v1/{symbol}', messages: {p8MarketData: {payload: {type: object}}}, parameters: {symbol: {}}}
  several:
    address: p8.several
    messages: {p8one: {payload: {type: object}}, p8two: {name: 'not a name', payload: {type: object}}}`),
    );
    expect(answer, answer.text).toMatchObject({
      status: 200,
      body: {
        created: ["p8.heartbeat", "p8tick", "p8.byName", "p8.by.address", "p8MarketData", "p8one", "p8two"],
        skipped: [],
        warnings: [named(/is named p8two: not a name/)],
      },
    });
  });

  test("one message in several channels is one event type", async () => {
    const answer = await send(
      asyncApi(`channels:
  on: {address: 'p9/{id}/on', messages: {turnOn: {$ref: '#/components/messages/turn'}}, parameters: {id: {}}}
  off: {address: 'p9/{id}/off', messages: {turnOff: {$ref: '#/components/messages/turn'}}, parameters: {id: {}}}
operations:
  on:
    action: send
    channel: {$ref: '#/channels/on'}
    messages: [{$ref: '#/channels/on/messages/turnOn'}]
    traits: [{$ref: '#/components/operationTraits/q'}]
  off: {action: send, channel: {$ref: '#/channels/off'}, messages: [{$ref: '#/components/messages/turn'}]}
components:
  messages:
    turn:
      name: p9Turn
      traits: [{$ref: '#/components/messageTraits/h'}, {$ref: 'https://x.example/t.yml'}]
      payload: {$ref: '#/components/schemas/t'}
  schemas: {t: {type: object, properties: {command: {enum: ['on', off]}}}}
  messageTraits: {h: {description: by the trait}}
  operationTraits: {q: {}}`),
    );
    expect(answer, answer.text).toMatchObject({ status: 200, body: { created: ["p9Turn"], skipped: [] } });
    expect(answer.body.warnings).toContainEqual(named(/trait is left out/));
    expect(await api.store.eventTypes.get("p9Turn")).toMatchObject({ description: "by the trait" });
  });

  const receives = asyncApi(`channels:
  test: {address: p10.test, messages: {publish.message: {$ref: '#/components/messages/m'}}}
operations: {take: {action: receive, channel: {$ref: '#/channels/test'}, messages: [{$ref: '#/components/messages/m'}]}}
components: {messages: {m: {payload: {anyOf: [{type: object}, {not: {type: integer}}]}}}}`);
  test("a document that only receives is imported on request, and otherwise says so", async () => {
    expect(await send(receives)).toMatchObject({
      status: 422,
      body: {
        errors: [
          { path: "/operations", message: expect.stringMatching(/only receive.*\?perspective=consumer/) as string },
        ],
      },
    });
    expect((await send(receives, { query: "?perspective=consumer" })).body).toMatchObject({ created: ["p10.test"] });
    expect(await send(receives.replace("receive", "send"), { query: "?perspective=consumer" })).toMatchObject({
      status: 422,
      body: { errors: [{ message: expect.stringMatching(/only send/) as string }] },
    });
  });

  test(
    "request and reply: what is sent is an event, a reply is named, and a schema of another kind " + "is named",
    async () => {
      const document = (payload: string) =>
        asyncApi(`channels:
  c:
    address: /
    messages: {ping: {payload: {type: object}}, pong: {payload: {type: object}}, p11Status: {payload: ${payload}}}
operations:
  ping:
    action: receive
    channel: {$ref: '#/channels/c'}
    messages: [{$ref: '#/channels/c/messages/ping'}]
    reply: {channel: {$ref: '#/channels/c'}, messages: [{$ref: '#/channels/c/messages/pong'}]}
  status:
    action: send
    channel: {$ref: '#/channels/c'}
    messages: [{$ref: '#/channels/c/messages/p11Status'}, {$ref: 'https://x.example/m.yml'}]`);
      const apiId = await newApi();
      expect((await send(document("{type: object}"), { apiId })).body).toMatchObject({
        created: ["p11Status"],
        skipped: expect.arrayContaining([
          { path: "/channels/c/messages/pong", reason: "is the reply to a request and no event" },
          named(/another document/),
        ]) as object[],
      });
      const avro = await send(
        document(
          "{schemaFormat: application/vnd.apache.avro;version=1.9.0, schema: {$ref: 'https://x.example/a.avsc'}}",
        ),
        { apiId },
      );
      expect(avro, avro.text).toMatchObject({ status: 200, body: { changed: [{ name: "p11Status", version: 2 }] } });
      expect(avro.body.warnings).toContainEqual({
        path: "/channels/c/messages/p11Status schemaFormat",
        reason: expect.stringMatching(/avro.*without a schema/) as string,
      });
      expect(await api.store.eventTypes.get("p11Status")).not.toHaveProperty("schema");
    },
  );

  test("what its official schema does not allow elsewhere is a warning", async () => {
    const answer = await send(
      asyncApi(
        "servers: {x: {hst: 1}}\nchannels: {c: {address: p12.x, adress: y, messages: {m: {payload: {type: object}}}}}",
      ),
    );
    expect(answer, answer.text).toMatchObject({
      status: 200,
      body: { created: ["p12.x"], warnings: expect.arrayContaining([named(/schema of this kind/)]) as object[] },
    });
  });
});

test("AsyncAPI 2: what others subscribe to, one of several messages, or what they publish", async () => {
  const document = `asyncapi: 2.6.0
info: {title: x, version: 1.0.0}
channels:
  p13/user/signedup:
    subscribe:
      message: {oneOf: [{$ref: '#/components/messages/P13SignedUp'}, {name: p13.other, payload: {type: string}}]}
  p13/user/gone: {subscribe: {message: {payload: {type: object}}}}
  p13/command: {publish: {message: {messageId: p13Command, payload: {type: object}}}}
components: {messages: {P13SignedUp: {payload: {type: object}}}}`;
  expect((await send(document)).body).toMatchObject({
    format: "asyncapi",
    created: ["P13SignedUp", "p13.other", "p13.user.gone"],
    skipped: [],
  });
  expect((await send(document, { query: "?perspective=consumer" })).body).toMatchObject({ created: ["p13Command"] });
  expect(await send(document.replaceAll("subscribe:", "publish:"))).toMatchObject({
    status: 422,
    body: { errors: [{ message: expect.stringMatching(/only `publish`.*perspective=consumer/) as string }] },
  });
});
