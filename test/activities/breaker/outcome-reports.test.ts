import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@temporalio/client";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createOutcomeReports } from "../../../src/activities/breaker/outcome-reports.js";
import { newId } from "../../../src/store/ids.js";
import type { Attempt, Subscription } from "../../../src/store/model.js";
import { breakerWorkflowId } from "../../../src/workflows/breaker/breaker-contract.js";

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
});
afterAll(() => environment?.teardown());

const attempt = (status: number): Attempt => ({
  number: 1,
  at: new Date(),
  outcome: status < 300 ? "delivered" : status < 500 ? "http_4xx" : "http_5xx",
  status,
  durationMs: 5,
});
/** Signals that reached the workflow of a subscription. Undefined: there is none. */
async function signalsOf(client: Client, id: string): Promise<number | undefined> {
  const history = await client.workflow
    .getHandle(breakerWorkflowId(id))
    .fetchHistory()
    .catch(() => undefined);
  return history?.events?.filter((event) => event.workflowExecutionSignaledEventAttributes).length;
}
function open(record: Partial<Subscription> = {}) {
  const { client } = environment;
  const id = newId("sub");
  const known = { id, ...record } as Subscription;
  const reports = createOutcomeReports({
    client,
    catalogue: { subscription: () => known },
    log: { warn: () => undefined },
    taskQueue: `reports-${newId("sub")}`,
  });
  return { client, reports, id };
}

test("an endpoint without a failure costs no message, and neither does one that refuses single events", async () => {
  const { client, reports, id } = open();
  for (const status of [200, 204, 400, 409, 413, 422]) reports.note({ id }, attempt(status));
  await reports.close();
  expect(await signalsOf(client, id)).toBeUndefined();
});

test("many failures of one moment are one message, and successes after them are in the next one", async () => {
  const { client, reports, id } = open();
  for (let made = 0; made < 100; made++) reports.note({ id }, attempt(503));
  for (let tries = 0; (await signalsOf(client, id)) === undefined && tries < 300; tries++) await delay(100);
  expect(await signalsOf(client, id)).toBe(1);
  for (let made = 0; made < 100; made++) reports.note({ id }, attempt(200));
  await reports.close();
  expect(await signalsOf(client, id)).toBe(2);
});

test("if another process has seen failures, then this one reports its successes too", async () => {
  const { client, reports, id } = open({ watchedUntil: new Date(Date.now() + 60_000) });
  reports.note({ id }, attempt(200));
  await reports.close();
  expect(await signalsOf(client, id)).toBe(1);
});

test("that something waits is said once in ten seconds at most", async () => {
  const { client, reports, id } = open();
  for (let made = 0; made < 50; made++) reports.waits(id);
  await reports.close();
  reports.waits(id);
  await reports.close();
  expect(await signalsOf(client, id)).toBe(1);
});
