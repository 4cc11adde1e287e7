import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, inject } from "vitest";
import type { SessionDocument } from "../../../src/store/collections/sessions.js";
import { type Browser, type Company, createBrowser, makeCompany } from "../browser.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

/** How many milliseconds the clock of both processes is ahead. */
export const clock = { ahead: 0 };
export let api: RunningApi;
/** Another process over the same database. */
export let other: RunningApi;
export let database: MongoClient;
export let tenant: Tenant;
export let company: Company;
let people = 0;

export async function loggedIn(groups = ["hooks"], nameId = `person-${++people}`, changes = {}): Promise<Browser> {
  const browser = createBrowser(api.url);
  const answer = await company.logIn(browser, { nameId, groups }, changes);
  expect(answer.status, answer.text).toBe(303);
  return browser;
}
export const statusOf = async (browser: Browser, at = api) => (await browser.call("GET", `${at.url}/v1/me`)).status;
export const documents = () => database.db(api.database).collection<SessionDocument>("sessions");

/** What each of the files needs that begin with `sessions`: call it once at the top. */
export function setUpSessions(): void {
  beforeAll(async () => {
    const options = {
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      clock: () => Date.now() + clock.ahead,
    };
    api = await startApi(options);
    other = await startApi({ ...options, beside: api, settings: { publicUrl: api.url } });
    database = await new MongoClient(inject("mongodbUrl")).connect();
    tenant = await makeTenant(api, "own");
    await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups: ["hooks"] } });
    company = await makeCompany(api, {
      groupIds: [tenant.groupId],
      roles: [
        { samlGroup: "ops", role: "operator" },
        { samlGroup: "root", role: "admin" },
      ],
    });
  });
  afterAll(async () => {
    await database?.close();
    await other?.close();
    await api?.close();
  });
}
