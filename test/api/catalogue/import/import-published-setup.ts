import { afterAll, beforeAll, expect, inject } from "vitest";
import { type RunningApi, startApi } from "../../running-api.js";

export let api: RunningApi;
let count = 0;

interface Import {
  created: string[];
  changed: { name: string }[];
  unchanged: string[];
  skipped: { path: string; reason: string }[];
  warnings: { path: string; reason: string }[];
  errors?: { path: string; message: string }[];
}
export const newApi = async (): Promise<string> =>
  String((await api.call("POST", "/v1/apis", { body: { name: `Published ${++count}` } })).body["id"]);
export const send = async (
  document: unknown,
  { query = "", type, apiId }: { query?: string; type?: string; apiId?: string } = {},
) => {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  return api.call<Import>("POST", `/v1/apis/${apiId ?? (await newApi())}/import${query}`, {
    body: Buffer.from(text),
    headers: { "content-type": type ?? (typeof document === "string" ? "application/yaml" : "application/json") },
  });
};
export const named = (reason: RegExp) =>
  expect.objectContaining({ reason: expect.stringMatching(reason) as string }) as object;

/** What each of the files needs that begin with `import-published`: call it once at the top. */
export function setUpImportPublished(): void {
  beforeAll(
    async () =>
      (api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") })),
  );
  afterAll(() => api?.close());
}
