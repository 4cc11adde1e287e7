/** A mail server that hangs delays nothing, and the mail arrives when it is back. */
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { startWorkflow } from "../../../src/workers/notices/notice-keeper.js";
import { OWN_API_ID } from "../../../src/catalogue/notices/own-api.js";
import { ensureOwnApi } from "../../../src/workers/notices/own-api.js";
import { WORKFLOW } from "../../../src/workflows/contract.js";
import { connectTo, type MailServer, startMailServer, startSilentServer } from "../../support/mail-server.js";
import { type RunningWorker, startRunningWorker } from "../running-worker.js";

const until = { timeout: 180_000, interval: 100 };
let worker: RunningWorker;
let server: MailServer;
let silent: Awaited<ReturnType<typeof startSilentServer>>;
let connect: MailServer["connect"];
beforeAll(async () => {
  server = await startMailServer();
  silent = await startSilentServer();
  connect = connectTo(silent.port, server.ca);
  worker = await startRunningWorker({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    mail: { connect: () => connect(), from: "noreply@hooks.example.com", publicUrl: "https://hooks.example.com" },
  });
  await ensureOwnApi(worker.store, worker.catalogue);
  await worker.store.groups.update(worker.groupId, (group) => ({ ...group, grants: [...group.grants, OWN_API_ID] }));
}, 180_000);
afterAll(async () => {
  await worker?.close();
  await server?.close();
  await silent?.close();
});

it("deliveries and events go on meanwhile", async () => {
  const receiver = await worker.receive({ respond: () => ({ status: 204 }) });
  const { subscriptions } = await worker.subscribe([receiver.url], { contacts: ["ops@example.com"] });
  const watching = await worker.receive({ respond: () => ({ status: 204 }) });
  const made = await worker.subscribe([watching.url], { eventTypes: ["sealpost.subscription.disabled"] });
  expect(made.subscriptions).toHaveLength(1);
  const subscriptionId = subscriptions[0]?.id ?? "";
  await worker.store.notices.add({
    id: "disabled/1",
    kind: "subscription.disabled",
    at: new Date(),
    groupId: worker.groupId,
    subscriptionId,
  });
  const [notices, mail] = [`notices-${worker.taskQueue}`, `mail-${worker.taskQueue}`];
  await startWorkflow(worker, WORKFLOW.notices, notices);
  await worker.client.workflow.getHandle(notices).result();
  await startWorkflow(worker, WORKFLOW.mail, mail);
  // The server was asked, and the activity waits for its next try.
  await vi.waitFor(async () => {
    const { raw } = await worker.client.workflow.getHandle(mail).describe();
    expect(raw.pendingActivities?.[0]?.attempt ?? 0).toBeGreaterThan(1);
  }, until);
  await vi.waitFor(() => expect(watching.requests).toHaveLength(1), until);
  await worker.publish(subscriptions[0]?.eventTypes[0] ?? "", { total: 1 });
  await vi.waitFor(() => expect(receiver.requests).toHaveLength(1), until);
  expect(server.received).toEqual([]);
  connect = server.connect;
  await vi.waitFor(() => expect(server.received.map(({ to }) => to)).toEqual([["ops@example.com"]]), until);
  await worker.client.workflow.getHandle(mail).result();
  expect(await worker.store.mail.count()).toBe(0);
});
