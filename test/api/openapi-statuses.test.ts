import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { servedRoutes } from "../../src/api/index.js";
import { buildOpenApi } from "../../src/api/openapi.js";
import { newId } from "../../src/store/ids.js";
import { bodyOf, makeObjects, type Objects, operationsOf, pathOf } from "./route-samples.js";
import { type Call, type RunningApi, sendRaw, startApi } from "./running-api.js";

let api: RunningApi;
let of: Objects;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  of = await makeObjects(api, "statuses");
});
afterAll(() => api?.close());

// What deletes comes last, so that the others meet an object.
const OPERATIONS = operationsOf(buildOpenApi(servedRoutes(), "0.0.0-test")).sort(
  (a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"),
);
const json = { "content-type": "application/json" };
/** Requests as clients make them by mistake. `{}` is the right one. */
const PROBES: [string, Call][] = [
  ["as it should be", {}],
  ["the same again", {}],
  ["without a key", { key: "" }],
  ["with a wrong key", { key: "sp_wrong" }],
  ["no JSON", { body: Buffer.from("{"), headers: json }],
  ["a member twice", { body: Buffer.from('{"a":1,"a":2}'), headers: json }],
  ["another type", { body: Buffer.from("a"), headers: { "content-type": "text/plain" } }],
  ["compressed", { body: Buffer.from("{}"), headers: { ...json, "content-encoding": "gzip" } }],
  ["an array", { body: [], headers: json }],
  ["too large", { body: Buffer.alloc(5 * 1024 * 1024, " "), headers: json }],
  ["by an older tag", { headers: { "if-match": '"x"' } }],
  ["by no tag", { headers: { "if-match": "x" } }],
  ["a key that is none", { headers: { "idempotency-key": "a b" } }],
  ["with a key", { headers: { "idempotency-key": "statuses" } }],
  [
    "the key with another body",
    { body: { name: "statuses other" }, headers: { ...json, "idempotency-key": "statuses" } },
  ],
];

test.each(OPERATIONS.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
  "the document tells every status of %s",
  async (_name, operation) => {
    const { method, statuses } = operation;
    // Of a company's log-in there is no object here: any id will do.
    const path = operation.path.startsWith("/saml/")
      ? operation.path.replaceAll(/\{\w+\}/g, newId("sso"))
      : pathOf(operation, of);
    const known = (what: string, status: number) => expect(statuses, `${what}: ${status}`).toContain(status);
    for (const [what, probe] of PROBES) {
      if (method === "GET" && probe.body !== undefined) continue;
      const right = bodyOf(operation);
      known(
        what,
        (await api.call(method, path, { ...right, ...probe, headers: { ...right.headers, ...probe.headers } })).status,
      );
    }
    known("an unknown parameter", (await api.call(method, `${path}?no-such=1`, bodyOf(operation))).status);
    known(
      "another object",
      (await api.call(method, path.replace(/[0-9A-Z]{26}/, "0".repeat(26)), bodyOf(operation))).status,
    );
    for (const headers of [
      "Host: a\r\nHost: b",
      "Host: a\r\nExpect: more",
      `Host: a\r\n${Array.from({ length: 105 }, (_, index) => `x-${index}: 1`).join("\r\n")}`,
    ]) {
      const answer = await sendRaw(
        api.port,
        `${method} ${path} HTTP/1.1\r\n${headers}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      known(headers.slice(0, 30), Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]));
    }
  },
);
