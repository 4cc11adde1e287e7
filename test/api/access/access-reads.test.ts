/** Each event type of a subscription or a grant is looked up in memory, and not in the database. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type CommandLog, logCommands } from "../../support/command-log.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let log: CommandLog;
let api: RunningApi;
let tenant: Tenant;
const TYPES = Array.from({ length: 40 }, (_, index) => `reads.type.n${index}`);
beforeAll(async () => {
  log = await logCommands(inject("mongodbUrl"));
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: log.url });
  tenant = await makeTenant(api, "reads");
  for (const name of TYPES) await api.call("POST", "/v1/event-types", { body: { name, apiId: tenant.apiId } });
  const { apiId, groupId } = tenant;
  await api.call("PATCH", `/v1/groups/${groupId}`, { body: { grants: [apiId, ...TYPES] } });
  await api.call("PATCH", `/v1/subscriptions/${tenant.subscriptionId}`, { body: { eventTypes: TYPES } });
  await api.catalogue.refresh();
});
afterAll(async () => {
  await api?.close();
  await log?.close();
});

test.each(["admin", "provider", "consumer"] as const)("%s", async (role) => {
  const keys = { admin: api.adminKey, provider: tenant.providerKey, consumer: tenant.consumerKey };
  log.commands.length = 0;
  for (const path of ["/v1/subscriptions", `/v1/subscriptions/${tenant.subscriptionId}`, "/v1/groups"]) {
    const answer = await api.call("GET", path, { key: keys[role] });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text).toContain(path === "/v1/groups" ? tenant.groupId : tenant.subscriptionId);
  }
  expect(log.commands.length).toBeGreaterThan(0);
  expect(log.commands.filter(({ collection }) => collection === "eventTypes" || collection === "apis")).toEqual([]);
});
