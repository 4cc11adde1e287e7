import { defaultPayloadConverter } from "@temporalio/common";
import proto from "@temporalio/proto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { deliveryWorkflowSummary, eventsSummary } from "../../src/catalogue/workflow-summary.js";
import { createPayloadCodec } from "../../src/store/index.js";
import type { Group, Subscription } from "../../src/store/model.js";
import { openDatabase, type TestDatabase } from "../store/database.js";

/** `limit.userMetadataSummarySize` of Temporal's server. */
const LIMIT_BYTES = 400;
const at = { groupId: "grp_1", subscriptionId: "sub_1" };
const known = (name?: string, url?: string) => ({
  group: () => (name === undefined ? undefined : ({ name } as Group)),
  subscription: () => (url === undefined ? undefined : ({ url } as Subscription)),
});

describe("the line by which a workflow is known in the Temporal UI", () => {
  let database: TestDatabase;
  beforeAll(async () => void (database = await openDatabase(inject("mongodbUrl"), "summary")));
  afterAll(() => database?.close());

  it("names the event type and the group", () => {
    expect(deliveryWorkflowSummary(known("Acme Bank"), at, ["payments.invoice.paid"])).toBe(
      "payments.invoice.paid → Acme Bank",
    );
    expect(deliveryWorkflowSummary(known("Acme Bank"), at, ["a.b", "a.b", "a.c", "a.d"])).toBe(
      "a.b and 2 more types → Acme Bank",
    );
    expect(deliveryWorkflowSummary(known("Acme Bank"), at, ["a.b", "a.c"])).toBe("a.b and 1 more type → Acme Bank");
    expect(deliveryWorkflowSummary(known("Acme Bank"), { ...at, others: [1] }, ["a.b"])).toBe(
      "a.b → Acme Bank and 1 other",
    );
    expect(deliveryWorkflowSummary(known("Acme Bank"), { ...at, others: [1, 2] }, ["a.b"])).toBe(
      "a.b → Acme Bank and 2 others",
    );
  });

  it("names the host where the group is gone, and nothing else of the URL", () => {
    expect(
      deliveryWorkflowSummary(known(undefined, "https://user:pass@hooks.acme.example:8443/in/s3cret?token=t0ken"), at, [
        "a.b",
      ]),
    ).toBe("a.b → hooks.acme.example:8443");
    expect(deliveryWorkflowSummary(known(), at, ["a.b"])).toBe("a.b → sub_1");
  });

  it("names what a batch of events holds", () => {
    expect(eventsSummary(["a.b"])).toBe("a.b");
    expect(eventsSummary(["a.b", "a.b", "a.c"])).toBe("a.b and 1 more type, 3 events");
  });

  it("is one line of text, whatever the group is called", () => {
    expect(deliveryWorkflowSummary(known("<b>Acme</b>\n# [x](http://evil) `c`"), at, ["a.b"])).toBe(
      "a.b → bAcme/b  x(http://evil) c",
    );
  });

  it("fits into what Temporal takes once it is sealed, at its longest", async () => {
    const codec = createPayloadCodec((await database.openStore()).keyring);
    for (const summary of [
      deliveryWorkflowSummary(known("ж".repeat(200)), { ...at, others: Array.from({ length: 1_999 }) }, [
        `${"ж".repeat(200)}.a`,
        ...Array.from({ length: 999 }, (_, number) => `t${number}`),
      ]),
      eventsSummary(Array.from({ length: 500 }, (_, number) => `${"x".repeat(150)}${number}`)),
    ]) {
      expect(summary).toContain("…");
      const [sealed] = await codec.encode([defaultPayloadConverter.toPayload(summary) ?? {}]);
      expect(proto.temporal.api.common.v1.Payload.encode(sealed ?? {}).finish().byteLength).toBeLessThanOrEqual(
        LIMIT_BYTES,
      );
    }
  });
});
