import { expect, test } from "vitest";
import { typeDifference } from "../../../../web/src/screens/requests/differences.js";

test("of a submitted subscription everything is new", () => {
  expect(typeDifference({ status: "submitted", eventTypes: ["a.a", "a.b"] })).toEqual({
    added: ["a.a", "a.b"],
    removed: [],
    kept: [],
  });
});

test("of one in service it is told what comes, what goes and what stays", () => {
  expect(typeDifference({ status: "active", eventTypes: ["a.a", "a.b"], requestedEventTypes: ["a.b", "a.c"] })).toEqual(
    { added: ["a.c"], removed: ["a.a"], kept: ["a.b"] },
  );
});
