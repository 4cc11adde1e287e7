import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { PROBLEMS } from "../../src/api/http/problem-codes.js";
import { servedRoutes } from "../../src/api/index.js";
import { buildOpenApi } from "../../src/api/openapi.js";

const document = buildOpenApi(servedRoutes(), "0.0.0-test");

test("the document passes the linter that CI uses", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sealpost-openapi-"));
  try {
    const file = join(directory, "openapi.json");
    writeFileSync(file, JSON.stringify(document));
    const { stdout, stderr } = await promisify(execFile)("npx", ["redocly", "lint", "--format", "json", file], {
      cwd: process.cwd(),
    });
    const { totals } = JSON.parse(stdout) as { totals: { errors: number; warnings: number } };
    expect(totals, stderr).toMatchObject({ errors: 0, warnings: 0 });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("every route of the table is in the document, once, under its method", () => {
  expect(document.openapi).toBe("3.1.1");
  const paths = document.paths as Record<string, Record<string, { operationId: string }>>;
  for (const route of servedRoutes()) {
    if ("hidden" in route && route.hidden) continue;
    expect(paths[route.path]?.[route.method]?.operationId, `${route.method} ${route.path}`).toBe(route.operationId);
  }
});

test("its schemas are JSON Schema 2020-12 that a validator compiles", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(JSON.parse(JSON.stringify(document)) as object, "openapi");
  for (const name of Object.keys(document.components?.schemas ?? {}))
    expect(() => ajv.compile({ $ref: `openapi#/components/schemas/${name}` }), name).not.toThrow();
});

test("no parameter holds an example that the page would fill in and send", () => {
  const parameters = Object.values(
    document.paths as Record<
      string,
      Record<string, { parameters?: { name: string; schema?: object; example?: unknown; examples?: unknown }[] }>
    >,
  )
    .flatMap((path) => Object.values(path))
    .flatMap((operation) => operation.parameters ?? []);
  expect(parameters.length).toBeGreaterThan(50);
  for (const { name, schema = {}, ...parameter } of parameters) {
    expect(
      Object.keys({ ...schema, ...parameter }).filter((key) => /^(example|examples|default)$/.test(key)),
      name,
    ).toEqual([]);
  }
});

test("operations come before everything long: the description is short and the codes have a page of their own", () => {
  expect(document.info.description?.length).toBeLessThan(1_000);
  expect(document.info.description).toContain("(/problems)");
});

test("the webhook that endpoints receive is described with its headers and with what becomes of each answer", () => {
  const { post } = document.webhooks?.["delivery"] as {
    post: { parameters: { name: string; required?: boolean }[]; responses: Record<string, { description: string }> };
  };
  expect(post.parameters.filter(({ required }) => required).map(({ name }) => name)).toEqual([
    "webhook-id",
    "webhook-timestamp",
    "webhook-event-type",
    "sealpost-hops",
    "webhook-attempt",
  ]);
  expect(post.parameters.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["webhook-signature", "signature", "signature-input", "content-digest"]),
  );
  expect(Object.keys(post.responses).sort()).toEqual(["2XX", "3XX", "408", "410", "421", "425", "429", "4XX", "5XX"]);
});

test("every problem code is explained, and every error answer is a problem document", () => {
  const text = JSON.stringify(document);
  for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`\`${code}\``);
  for (const operation of Object.values(
    document.paths as Record<string, Record<string, { responses: Record<string, { content?: object }> }>>,
  ).flatMap((path) => Object.values(path))) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (Number(status) >= 400) expect(Object.keys(response.content ?? {})[0]).toBe("application/problem+json");
    }
  }
});

interface Operation {
  operationId: string;
  security?: object[];
  parameters?: { name: string; in: string }[];
  responses: Record<string, { headers?: Record<string, unknown>; content?: Record<string, unknown> }>;
}
const operations = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(
  ([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);
const takes = ({ parameters = [] }: Operation, header: string): boolean =>
  parameters.some((parameter) => parameter.in === "header" && parameter.name === header);

test("an export is told in both of its media types", () => {
  const exports = operations.filter(
    ({ path, parameters }) => /^\/v1\/[\w-]+\/export$/.test(path) && parameters?.some(({ name }) => name === "format"),
  );
  expect(exports.length).toBeGreaterThanOrEqual(5);
  for (const { operationId, responses } of exports)
    expect(Object.keys(responses["200"]?.content ?? {}), operationId).toEqual(["application/jsonl", "text/csv"]);
});

test("a route for people is told with the pages of its refusals, and with where it leads a browser", () => {
  const pages = new Set(servedRoutes().flatMap((route) => (route.page ? [route.operationId] : [])));
  const told = operations.filter(({ operationId }) => pages.has(operationId));
  expect(told.map(({ operationId }) => operationId)).toContain("logIn");
  for (const { operationId, responses } of operations)
    for (const [status, { content = {} }] of Object.entries(responses).filter(([status]) => Number(status) >= 400))
      expect("text/html" in content, `${operationId} ${status}`).toBe(pages.has(operationId));
  for (const { operationId, responses } of told) expect(Object.keys(responses), operationId).toContain("303");
});

test("every POST can be repeated safely: it takes an Idempotency-Key, or changes nothing by itself", () => {
  const without = operations.filter((each) => each.method === "post" && !takes(each, "Idempotency-Key"));
  expect(without.map(({ operationId }) => operationId).sort()).toEqual([
    // Sealing is made again, and changes nothing.
    "decodePayloads",
    "encodePayloads",
    // The same document again makes no difference.
    "importEventTypes",
    // Whoever is logged out stays so.
    "logOut",
    "logOutEverywhere",
    // Each event has an id, which is its key.
    "publishBatch",
    // A message of SAML is used once.
    "takeLogoutByPost",
    "takeSamlResponse",
  ]);
});

test("every PATCH takes If-Match, names 412, and the object that it changes is read with its ETag", () => {
  const changes = operations.filter(({ method }) => method === "patch");
  expect(changes.length).toBeGreaterThan(4);
  for (const { path, ...change } of changes) {
    expect(takes(change, "If-Match"), path).toBe(true);
    expect(Object.keys(change.responses), path).toContain("412");
    const read = operations.find((each) => each.path === path && each.method === "get");
    expect(Object.keys(read?.responses["200"]?.headers ?? {}), path).toEqual(["ETag"]);
  }
});
