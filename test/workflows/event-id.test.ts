import { describe, expect, test } from "vitest";
import {
  deliveryIdOf,
  EVENT_ID_CHARACTERS,
  escapeEventId,
  eventOfDelivery,
  isEventId,
  readEventId,
  unescapeEventId,
} from "../../src/workflows/event-id.js";

test.each([
  ["evt_01J", true],
  ["a-b_C", true],
  ["a".repeat(256), true],
  ["order:4711", true],
  ["a/b", true],
  ["evt.1", true],
  ["/a//b/", true],
  ["...", true],
  ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", true],
  ["urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", true],
  ["01K7C2EBX3M5Q8R0S2T4V6W8Y0", true],
  ["", false],
  ["a".repeat(257), false],
  ["a b", false],
  ["ä", false],
  ["a\n", false],
  ["a~3Ab", false],
  ["a%2Fb", false],
  [".", false],
  ["..", false],
])("event id %j: %s", (id, expected) => {
  expect(isEventId(id)).toBe(expected);
});

test("what refusals say an id may hold is what it may hold", () => {
  const said = EVENT_ID_CHARACTERS.split(" ").flatMap((part) => {
    const [from = "", to = from] = part.length === 3 ? part.split("-") : [part];
    const first = from.charCodeAt(0);
    return Array.from({ length: to.charCodeAt(0) - first + 1 }, (_, index) => String.fromCharCode(first + index));
  });
  const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
  expect(ascii.filter((character) => isEventId(`x${character}`))).toEqual(said.sort());
});

describe("the escape", () => {
  test.each([
    ["evt_01K3ZJ8Q5T9V7X2M4N6P8R0S1W", "evt_01K3ZJ8Q5T9V7X2M4N6P8R0S1W"],
    ["a-b_C", "a-b_C"],
    ["order:4711", "order~3A4711"],
    ["a/b", "a~2Fb"],
    ["evt.1", "evt~2E1"],
    ["a/../b", "a~2F~2E~2E~2Fb"],
    ["a_3Ab", "a_3Ab"],
    ["a".repeat(256), "a".repeat(256)],
  ])("of %s is %s, and leads back", (id, escaped) => {
    expect(escapeEventId(id)).toBe(escaped);
    expect(unescapeEventId(escaped)).toBe(id);
  });

  test("is one to one, without full stop and slash, and fits into a workflow id of Temporal at its longest", () => {
    const characters = ["a", "~", ":", ".", "/", "2", "E", "3", "A", "-", "_"];
    const ids = characters
      .flatMap((a) => characters.flatMap((b) => characters.map((c) => `x${a}${b}${c}`)))
      .filter(isEventId);
    expect(new Set(ids.map(escapeEventId)).size).toBe(ids.length);
    for (const id of ids) {
      expect(escapeEventId(id)).toMatch(/^[A-Za-z0-9_~-]+$/);
      expect(unescapeEventId(escapeEventId(id))).toBe(id);
    }
    const longest = escapeEventId(":".repeat(256));
    expect(unescapeEventId(longest)).toBe(":".repeat(256));
    expect(`retry/page/${longest}/999/sub_01K3ZJ8Q5T9V7X2M4N6P8R0S1W`.length).toBeLessThan(1_000);
  });

  test.each(["a~3ab", "a~41b", "a~", "a~3", "a~7Eb", "order:4711", "a b", "", "~2E", "x".repeat(769)])(
    "%j is no escaped id",
    (text) => {
      expect(unescapeEventId(text)).toBeUndefined();
    },
  );

  test("is two digits for every character below 256, so that none reads as the beginning of another", () => {
    expect(escapeEventId("a\tb")).toBe("a~09b");
  });

  test("stands in the id of a delivery, which tells the event's id again", () => {
    const id = deliveryIdOf("a.b/c:d", "sub_01K3ZJ8Q5T9V7X2M4N6P8R0S1W");
    expect(id).toBe("a~2Eb~2Fc~3Ad.sub_01K3ZJ8Q5T9V7X2M4N6P8R0S1W");
    expect(eventOfDelivery(id)).toBe("a.b/c:d");
    expect(eventOfDelivery("evt_1.sub_01K3ZJ8Q5T9V7X2M4N6P8R0S1W")).toBe("evt_1");
  });
});

test.each([
  ["evt_01J", "evt_01J"],
  ["order:4711", "order:4711"],
  ["order~3A4711", "order:4711"],
  ["~63ount", "count"],
  ["~65xport", "export"],
  ["a~2fb", "a/b"],
  ["~2E", undefined],
  ["~", undefined],
  ["a~3", undefined],
  ["~7E63ount", undefined],
  ["a~20b", undefined],
  ["", undefined],
])("%j names the event %j", (text, id) => {
  expect(readEventId(text)).toBe(id);
});
