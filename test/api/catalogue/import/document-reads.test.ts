/**
 * Documents of hundreds of event types, such as GitHub's: their schemas are compiled in the thread, and their answers
 * may take minutes.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createDocumentReads } from "../../../../src/api/catalogue/import/document-reads.js";
import { type RunningApi, startApi } from "../../running-api.js";

describe("a schema is checked in the thread", () => {
  const { checkSchema } = createDocumentReads();
  const never = new AbortController().signal;

  test("with its examples: the first fault of each", async () => {
    const schema = {
      type: "object",
      required: ["a"],
      properties: { a: { $ref: "#/$defs/n" } },
      $defs: { n: { type: "integer" } },
    };
    expect(await checkSchema({ schema, examples: [{ a: 1 }, {}, { a: "x" }] }, never)).toEqual({
      ok: true,
      examples: [
        undefined,
        expect.objectContaining({ path: "", message: "must have required property 'a'" }),
        expect.objectContaining({ path: "/a", message: "must be integer" }),
      ],
    });
  });
  test("and what cannot be used is named", async () => {
    expect(await checkSchema({ schema: { pattern: "(?=a)" }, examples: [] }, never)).toMatchObject({
      ok: false,
      faults: [{ path: "/pattern" }],
    });
  });
  test("until it is given up, which refuses the document; the next one is checked", async () => {
    expect(await checkSchema({ schema: {}, examples: [] }, AbortSignal.abort())).toMatchObject({
      refused: "document_refused",
      errors: [{ message: expect.stringMatching(/too long/) as string }],
    });
    expect(await checkSchema({ schema: {}, examples: [1] }, never)).toEqual({ ok: true, examples: [undefined] });
  });
});

describe("over HTTP", () => {
  let api: RunningApi;
  beforeAll(
    async () =>
      (api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") })),
  );
  afterAll(() => api?.close());

  test("the connection of an import may be silent for minutes, and others may not", async () => {
    const limits = new Map<string, number>();
    const note = (message: unknown): void => {
      const { request, socket } = message as { request: IncomingMessage; socket: Socket };
      limits.set(`${request.method} ${request.url?.split("/").at(-1)}`, socket.timeout ?? 0);
    };
    subscribe("http.server.response.finish", note);
    try {
      const {
        body: { id },
      } = await api.call("POST", "/v1/apis", { body: { name: "Silent" } });
      const webhooks = {
        "reads.one": { post: { requestBody: { content: { "application/json": { schema: { type: "object" } } } } } },
      };
      const document = { openapi: "3.1.0", info: { title: "x", version: "1" }, webhooks };
      expect((await api.call("POST", `/v1/apis/${String(id)}/import`, { body: document })).body).toMatchObject({
        created: ["reads.one"],
      });
      await api.call("GET", "/v1/apis");
    } finally {
      unsubscribe("http.server.response.finish", note);
    }
    expect(limits.get("POST import")).toBeGreaterThanOrEqual(300_000);
    expect([limits.get("POST apis"), limits.get("GET apis")]).toEqual([60_000, 60_000]);
  });
});
