/** What the table of early attempts keeps in memory: neither the event's bytes nor what the record has. */
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createEarlyAttempts } from "../../../src/activities/early/early-attempts.js";
import { createMetrics } from "../../../src/metrics.js";
import { newId } from "../../../src/store/ids.js";
import { startReceiver } from "../../support/receiver.js";
import { type RunningAttempt, startRunningAttempt } from "../running-attempt.js";

let environment: TestWorkflowEnvironment;
let running: RunningAttempt;
beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
  running = await startRunningAttempt({ mongodbUrl: inject("mongodbUrl"), client: environment.client });
});
afterAll(async () => {
  await running?.close();
  await environment?.teardown();
});

it("keeps the outcome of an attempt without its details and bytes, which are on record", async () => {
  const receiver = await startReceiver({ respond: () => ({ status: 200, body: "kingfisher" }) });
  try {
    const subscription = await running.subscribe(receiver.url);
    const early = createEarlyAttempts({
      ...running.dependencies,
      metrics: createMetrics(),
      process: "test",
      mayBegin: () => true,
      sharesRetries: () => true,
    });
    const [owner, id] = [newId("batch"), newId("evt")];
    const payload = Buffer.from("{}");
    const event = {
      id,
      type: running.eventType,
      contentType: "application/json",
      body: { stored: true as const },
      sha256: "",
      acceptedAt: Date.now(),
    };
    early.begin(owner, [{ event, payload }]);
    const entry = early.of([id]).get(`${id}.${subscription.id}`);
    expect(await entry?.recorded).toBe(false);
    expect(entry?.outcome).toMatchObject({
      kind: "attempted",
      result: { status: "delivered", attempt: { number: 1 } },
    });
    expect(JSON.stringify(entry?.outcome)).not.toMatch(/detail|kingfisher/);
    expect(entry?.route.event.bytes).toHaveLength(0);
    expect((await running.store.deliveries.get(`${id}.${subscription.id}`))?.attempts).toMatchObject([
      { outcome: "delivered", detail: { responseBody: "kingfisher" } },
    ]);
    await early.close(60_000);
  } finally {
    await receiver.close();
  }
});
