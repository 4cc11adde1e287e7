import { afterAll, beforeAll, inject } from "vitest";
import { type RunningApi, startApi } from "../running-api.js";

export let api: RunningApi;

/** What each of the files needs that begin with `authenticate`: call it once at the top. */
export function setUpAuthenticate(): void {
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  });
  afterAll(() => api?.close());
}
