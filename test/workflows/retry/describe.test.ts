import { describe as group, expect, it } from "vitest";
import type { RetryItem } from "../../../src/workflows/contract.js";
import { describe } from "../../../src/workflows/retry/describe.js";

const item = (number: number, more: Partial<RetryItem> = {}): RetryItem => ({
  deliveryId: `evt_${number}.sub_1`,
  eventId: `evt_${number}`,
  eventType: "test.made",
  status: "parked",
  attempts: 1,
  scheduleBase: 0,
  ...more,
});
const REFUSED = "HTTP 422: The endpoint refused the event.";

group("what an operator reads in the Temporal UI", () => {
  it("begins with the reason, in a list and not in a table", () => {
    const [first, ...rest] = describe(
      [
        item(2, {
          status: "retrying",
          reason: "HTTP 503: The endpoint failed.",
          dueAt: Date.UTC(2026, 0, 2),
          attempts: 3,
        }),
        item(1, { reason: REFUSED }),
      ],
      7,
    ).split("\n");
    expect(first).toBe(`- ${REFUSED} **Parked**, 1 attempt, event \`evt_1\`.`);
    expect(rest[0]).toBe("- HTTP 503: The endpoint failed. **Retrying**, 3 attempts, event `evt_2`.");
    expect(rest.join("\n")).toContain("due at 2026-01-02T00:00:00.000Z");
    expect([first, ...rest].join("\n")).not.toMatch(/\|/);
  });

  it("says what to do about what is parked, and nothing of it where nothing is", () => {
    const text = describe([item(1, { reason: REFUSED })], 7);
    expect(text).toMatch(/What to do:\*\* the consumer refused the data, .*signal `retry`.*signal `cancel` gives up/);
    expect(text).toContain('{"deliveryIds": ["evt_1.sub_1"]}');
    expect(text).toContain("After 7 days");
    const held = describe([item(1, { status: "held" })], 7);
    expect(held).not.toContain("signal");
    expect(held).toMatch(/^- \*\*Held\*\*.*\n\n\*\*Held:\*\* the subscription is paused or disabled.*Resume/);
  });

  it("tells what has the same reason as one, and counts what it does not name", () => {
    const text = describe(
      [
        ...Array.from({ length: 25 }, (_, number) => item(number, { reason: REFUSED })),
        ...Array.from({ length: 9 }, (_, number) => item(100 + number, { reason: `reason ${number}` })),
      ],
      7,
    );
    expect(text.split("\n")[0]).toBe(
      `- ${REFUSED} **Parked**, 25 deliveries, events \`evt_0\`, \`evt_1\`, \`evt_2\` and 22 more.`,
    );
    expect(text).toContain("- … and 4 deliveries for other reasons.");
  });

  it("names the subscription where there are several, so that one of them can be told apart", () => {
    const other = item(2, { deliveryId: "evt_2.sub_2", reason: REFUSED });
    const text = describe([item(1, { reason: REFUSED }), other], 7, ({ deliveryId }) => deliveryId.slice(-5));
    expect(text.split("\n").slice(0, 2)).toEqual([
      `- ${REFUSED} **Parked**, 1 attempt, for \`sub_1\`, event \`evt_1\`.`,
      `- ${REFUSED} **Parked**, 1 attempt, for \`sub_2\`, event \`evt_2\`.`,
    ]);
    expect(text).toContain('{"subscriptionId": "sub_1"}');
    expect(describe([item(1, { reason: REFUSED })], 7)).not.toContain("subscriptionId");
  });

  it("shows a reason as text, whatever it holds", () => {
    const [first] = describe(
      [item(1, { status: "cancelled", reason: "a | b\n# <img src=x> [x](http://evil) `c` *d*" })],
      7,
    ).split("\n");
    expect(first).toBe(
      "- a \\| b \\# &lt;img src=x&gt; \\[x\\](http:&#47;/evil) \\`c\\` \\*d\\* **Cancelled**, 1 " +
        "attempt, event `evt_1`.",
    );
  });

  it("fits into the address of the frame that shows it", () => {
    const reason = "ж".repeat(1_000);
    const items = Array.from({ length: 200 }, (_, number) =>
      item(number, {
        eventId: `evt_${String(number).padStart(60, "0")}`,
        deliveryId: `${"d".repeat(120)}${number}`,
        reason: `${number}${reason}`,
      }),
    );
    expect(encodeURIComponent(describe(items, 7)).length).toBeLessThan(12 * 1024);
  });
});
