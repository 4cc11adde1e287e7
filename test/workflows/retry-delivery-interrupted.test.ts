import { describe, expect, it } from "vitest";
import type { WorkflowHandle } from "@temporalio/client";
import { type RetryItem } from "../../src/workflows/contract.js";
import { newGate } from "../support/gate.js";
import { consumer, retryInput } from "./engine.js";
import { whileCancelling } from "./late-signals.js";
import { engine, start, within, setUpRetryDelivery } from "./retry-delivery-setup.js";

setUpRetryDelivery();

describe("a signal that comes while a cancel is being recorded", () => {
  it("counts in the new run: a retry", async () => {
    const { isDone, attempted, recorded, first, second } = await whileCancelling(engine, (handle, parked) =>
      handle.signal("retry", { deliveryIds: [parked] }),
    );
    expect({ attempted, recorded, isDone }).toEqual({
      attempted: [second],
      recorded: [{ deliveryId: first, status: "cancelled" }],
      isDone: true,
    });
  });

  it("counts in the new run: a second cancel", async () => {
    const { isDone, attempted, recorded, first, second } = await whileCancelling(engine, (handle, parked) =>
      handle.signal("cancel", { deliveryIds: [parked] }),
    );
    expect({ attempted, recorded, isDone }).toEqual({
      attempted: [],
      recorded: [first, second].map((deliveryId) => ({ deliveryId, status: "cancelled" })),
      isDone: true,
    });
  });

  it("means what is open when it names none: what is being cancelled stays cancelled", async () => {
    const { isDone, attempted, recorded, first, second } = await whileCancelling(engine, (handle) =>
      handle.signal("retry"),
    );
    expect({ attempted, recorded, isDone }).toEqual({
      attempted: [second],
      recorded: [{ deliveryId: first, status: "cancelled" }],
      isDone: true,
    });
  });
});

describe("while an attempt is under way", () => {
  /** The first attempt ends when the gate is opened. What comes of it is the test's. */
  async function underWay(
    outcome: Partial<RetryItem>,
    act: (handle: WorkflowHandle, deliveryId: string) => Promise<unknown>,
    isResolved = true,
  ) {
    const gate = newGate();
    const side = consumer((_item, attempt) => (attempt === 1 ? outcome : { status: "delivered" }));
    const worker = await engine.work({
      ...side.activities,
      attempt: async (given) => {
        await gate.pass();
        return side.activities.attempt(given);
      },
    });
    try {
      const input = retryInput(1);
      const handle = await start(input);
      await gate.reached;
      await act(handle, input.items[0]?.deliveryId ?? "");
      gate.open();
      if (isResolved) await handle.result();
      else await expect(handle.result()).rejects.toThrow();
      return {
        attempts: side.calls.map(({ attempt }) => attempt),
        recorded: side.recorded.flatMap(({ items }) => items.map(({ status }) => status)),
      };
    } finally {
      gate.open();
      await worker.stop();
    }
  }

  it("a retry is fulfilled when the attempt delivers: nothing goes out twice", async () => {
    expect(
      await underWay({ status: "delivered" }, (handle, id) => handle.signal("retry", { deliveryIds: [id] })),
    ).toEqual({ attempts: [1], recorded: [] });
  });

  it("a retry goes out at once when the attempt fails, whatever the schedule says", async () => {
    expect(
      await underWay({ status: "retrying", dueAt: Date.now() + 3_600_000 }, (handle) => handle.signal("retry")),
    ).toEqual({ attempts: [1, 2], recorded: [] });
  });

  it("a cancel waits for the report: what was delivered stays so, what failed is given up", async () => {
    expect(await underWay({ status: "delivered" }, (handle) => handle.signal("cancel"))).toEqual({
      attempts: [1],
      recorded: [],
    });
    expect(
      await underWay({ status: "retrying", dueAt: Date.now() + 3_600_000 }, (handle) => handle.signal("cancel")),
    ).toEqual({ attempts: [1], recorded: ["cancelled"] });
  });

  it("a cancel takes back a retry, and a retry a cancel: the later wish counts", async () => {
    const parked = { status: "parked" as const };
    expect(
      await underWay(parked, async (handle) => [await handle.signal("retry"), await handle.signal("cancel")]),
    ).toEqual({ attempts: [1], recorded: ["cancelled"] });
    expect(
      await underWay(parked, async (handle) => [await handle.signal("cancel"), await handle.signal("retry")]),
    ).toEqual({ attempts: [1, 2], recorded: [] });
    expect(
      await underWay(parked, async (handle) => [await handle.signal("cancel"), await handle.signal("wake")]),
    ).toEqual({ attempts: [1], recorded: ["cancelled"] });
  });

  it(
    "the end of the workflow waits for the report too: only what was not delivered is recorded as " + "given up",
    async () => {
      const cancelled = async (handle: WorkflowHandle) => {
        await handle.cancel();
        await expect
          .poll(
            async () =>
              (await handle.fetchHistory()).events?.some(
                ({ activityTaskCancelRequestedEventAttributes: asked }) => asked,
              ),
            within,
          )
          .toBe(true);
      };
      expect(await underWay({ status: "delivered" }, cancelled, false)).toEqual({ attempts: [1], recorded: [] });
      expect(await underWay({ status: "retrying", dueAt: Date.now() + 3_600_000 }, cancelled, false)).toEqual({
        attempts: [1],
        recorded: ["cancelled"],
      });
    },
  );
});
