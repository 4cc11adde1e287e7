/**
 * Who reaches Temporal, with whatever it starts there, has nothing signed and sent without the proof of a publisher.
 */
import { type Payload } from "@temporalio/common";
import { describe, expect, it } from "vitest";
import { newId } from "../../src/store/ids.js";
import { retryWorkflowId, WORKFLOW } from "../../src/workflows/contract.js";
import {
  worker,
  api,
  receiver,
  eventType,
  subscriptionId,
  providerKey,
  until,
  plain,
  sealedBy,
  begin,
  failureOf,
  UNPROVEN,
  eventInput,
  refused,
  reset,
  setUpPublisherProof,
} from "./publisher-proof-setup.js";

setUpPublisherProof();

const inputOf = async (workflowId: string): Promise<Payload> => {
  const { events } = await worker.client.workflow.getHandle(workflowId).fetchHistory();
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!payload) throw new Error(`${workflowId} has no input`);
  return payload;
};

describe("a start that proves nobody", () => {
  it("is refused as plain JSON, for every workflow", async () => {
    const retry = {
      subscriptionId,
      groupId: worker.groupId,
      parkOpenDays: 7,
      items: [{ deliveryId: "a.b", eventId: "a", eventType, status: "pending", attempts: 0, scheduleBase: 0 }],
    };
    await refused(plain(eventInput()));
    expect(worker.refusals.at(-1)).toEqual({ workflowType: "deliverEvent", purpose: "none" });
    await refused(plain(retry), WORKFLOW.retryDelivery);
    await refused(
      plain({ owner: "x", events: [], subscriptionIds: [subscriptionId], catalogueVersion: 0 }),
      WORKFLOW.deliverPage,
    );
    await refused(plain({ recoveryId: newId("rec"), filter: {}, parkOpenDays: 7 }), WORKFLOW.recovery);
    await refused(
      plain({ subscriptionId, rate: { perSecond: 1e6, burst: 1e6 }, rateAsOf: Date.now() }),
      WORKFLOW.tokenBucket,
    );
  });

  it("is refused with metadata that claims a proof, plain or sealed by somebody else", async () => {
    const operator = await api.key({ role: "operator" });
    for (const proof of [
      { purpose: "internal" },
      { purpose: "legacy" },
      { purpose: "publisher", keyId: providerKey.id },
    ]) {
      const claims = {
        "sealpost-proof": JSON.stringify(proof),
        "sealpost-packed": "1",
        "Sealpost-Proof": JSON.stringify(proof),
      };
      await refused(plain(eventInput(), claims));
      await refused(plain({ proof, events: eventInput().events }, claims));
      await refused(await sealedBy(operator.token, plain(eventInput(), claims)));
    }
  });

  it("is refused when its envelope was tampered with, cut or of another place", async () => {
    const sealed = await sealedBy(providerKey.token, plain(eventInput()));
    const data = Buffer.from(sealed.data ?? []);
    data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
    await refused({ ...sealed, data });
    await refused({ ...sealed, data: data.subarray(0, 40) });
    await refused({ metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from("{not json") });
  });

  it(
    "is refused in an operator's envelope, as a restart in the Temporal UI makes it, and again " + "when it is reset",
    async () => {
      const operator = await api.key({ role: "operator" });
      const id = newId("evt");
      await refused(await sealedBy(operator.token, plain(eventInput({ id }))), WORKFLOW.deliverEvent, id);
      expect(worker.refusals.at(-1)).toEqual({
        workflowType: "deliverEvent",
        purpose: "operator",
        by: `key:${operator.id}`,
      });
      const sent = receiver.requests.length;
      const { runId } = await reset(id);
      expect(await failureOf(worker.client.workflow.getHandle(id, runId))).toMatchObject(UNPROVEN);
      expect(receiver.requests).toHaveLength(sent);
      // The admin of the environment has no key that could be revoked, so it seals as a person.
      await refused(await sealedBy(api.adminKey, plain(eventInput())));
    },
  );
});

describe("an envelope copied out of a history", () => {
  it("starts no other workflow, of the same type or another", async () => {
    const parking = await worker.receive({ respond: () => ({ status: 400 }) });
    const {
      eventType: type,
      subscriptions: [subscription],
    } = await worker.subscribe([parking.url]);
    const id = await worker.publish(type, { n: 1 });
    const retryId = retryWorkflowId(String(worker.log.find(({ event }) => event === id)?.["workflow"]));
    await expect
      .poll(async () => (await worker.store.deliveries.get(`${id}.${subscription?.id}`))?.status, until)
      .toBe("parked");
    await expect
      .poll(
        () =>
          inputOf(retryId).then(
            () => true,
            () => false,
          ),
        until,
      )
      .toBe(true);
    const [event, retry] = [await inputOf(await worker.ownerOf(id)), await inputOf(retryId)];
    await refused(event);
    await refused(retry, WORKFLOW.retryDelivery);
    for (const other of [WORKFLOW.retryDelivery, WORKFLOW.deliverPage, WORKFLOW.recovery, WORKFLOW.tokenBucket])
      await refused(event, other);
    for (const other of [WORKFLOW.deliverEvent, WORKFLOW.recovery, WORKFLOW.tokenBucket]) await refused(retry, other);
    expect(parking.requests).toHaveLength(1);
    await worker.client.workflow.getHandle(retryId).signal("cancel");
  });

  it("sends nothing twice where it starts the very same workflow again", async () => {
    const id = newId("evt");
    const [sealed] = await worker.codec.encode(
      [plain(eventInput({ id, ownId: true, acceptedAt: Date.now() - 11_000 }))],
      { type: "workflow", namespace: "default", workflowId: id },
    );
    if (!sealed) throw new Error("nothing was sealed");
    await (await begin(WORKFLOW.deliverEvent, sealed, id)).result();
    await (await begin(WORKFLOW.deliverEvent, sealed, id)).result();
    expect(receiver.requests.filter(({ headers }) => headers["webhook-id"] === id)).toHaveLength(1);
  });
});
