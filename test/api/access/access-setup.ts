import { afterAll, beforeAll, inject } from "vitest";
import { type Role } from "../../../src/store/model.js";
import { makeObjects, type Objects } from "../route-samples.js";
import { type RunningApi, startApi } from "../running-api.js";

/** In production everything but the state of the service needs a key. */
const production = { settings: { production: true } };
export let api: RunningApi;
export let mine: Objects;
export let theirs: Objects;
/** Tokens of my own, by role. */
export let keys: Record<Role, string>;

/** What each of the files needs that begin with `access`: call it once at the top. */
export function setUpAccess(): void {
  beforeAll(async () => {
    api = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      ...production,
    });
    mine = await makeObjects(api, "mine");
    theirs = await makeObjects(api, "theirs");
    const of = async (role: Role) => (await api.key({ role })).token;
    keys = {
      admin: await of("admin"),
      provider: mine.providerKey,
      consumer: mine.consumerKey,
      operator: await of("operator"),
      auditor: await of("auditor"),
    };
  });
  afterAll(() => api?.close());
}
