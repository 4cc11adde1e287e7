import { describe, expect, it } from "vitest";
import {
  changeEvent,
  cursorOf,
  heartbeat,
  helloEvent,
  instantOfCursor,
  OLDEST_CURSOR_MS,
  resetEvent,
} from "../../../../src/api/deliveries/stream/stream-events.js";
import { attempt, AT, delivery } from "../../../store/fixtures.js";

const NOW = AT.getTime();

describe("a cursor", () => {
  it("gives back its instant for five minutes", () => {
    for (const instant of [NOW, NOW - OLDEST_CURSOR_MS, NOW + 1_000])
      expect(instantOfCursor(cursorOf(instant), NOW)).toBe(instant);
    expect(instantOfCursor(cursorOf(NOW - OLDEST_CURSOR_MS - 1), NOW)).toBeUndefined();
    expect(instantOfCursor(cursorOf(NOW + OLDEST_CURSOR_MS + 1), NOW)).toBeUndefined();
  });
  it.each(["", "-1", "1.5", "zzzzzzzzzzzz", "a b", "Infinity"])("is none: %j", (text) =>
    expect(instantOfCursor(text, NOW)).toBeUndefined(),
  );
});

describe("an event", () => {
  it("is a block with its name, cursor and data", () => {
    expect(helloEvent("a1")).toBe("event: hello\nid: a1\ndata: {}\n\n");
    expect(resetEvent("a1")).toBe("event: reset\nid: a1\ndata: {}\n\n");
    expect(heartbeat("a1")).toBe(": alive\nid: a1\n\n");
  });
  it("of a delivery says the newest answer, and nothing of its content", () => {
    const row = delivery("evt_1", "sub_1", { attempts: [attempt(1), attempt(2, { status: 400 })] });
    const text = changeEvent("a1", { about: "delivery", row });
    expect(text.split("\n").filter((line) => line.startsWith("data: "))).toEqual([
      'data: {"id":"evt_1.sub_1","status":"retrying","subscriptionId":"sub_1","eventType":"payments.invoice.paid",' +
        '"attemptCount":1,"lastStatus":400,"updatedAt":"2026-01-01T10:00:00.000Z"}',
    ]);
    expect(text).not.toContain("busy");
  });
});
