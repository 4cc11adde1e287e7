/** What an input says of an event, against all that the dispatch may know. */
import { describe, expect, it } from "vitest";
import { claimOf, type EventClaim, OWNER_TRUSTED_MS, ownershipOf } from "../../src/activities/event-claims.js";

const NOW = 1_000_000;
const fresh = { acceptedAt: NOW - OWNER_TRUSTED_MS };
const old = { acceptedAt: NOW - OWNER_TRUSTED_MS - 1 };
const first = { rerun: false, erasedLately: false, now: NOW };

describe("an event of an input", () => {
  it.each<[Parameters<typeof claimOf>[0], Partial<typeof first>, EventClaim]>([
    [{ ...fresh, recorded: true }, {}, "trust"],
    [{ ...old, recorded: true }, {}, "look"],
    [{ ...fresh, recorded: true }, { rerun: true }, "look"],
    [{ ...fresh, recorded: true, ownId: true }, {}, "trust"],
    [fresh, {}, "insert"],
    [{ ...fresh, ownId: true }, {}, "insert-beside"],
    [{ ...fresh, ownId: true, tried: true }, {}, "insert"],
    [{ ...fresh, ownId: true }, { rerun: true }, "insert"],
    [{ ...old, ownId: true }, {}, "insert"],
    [{ ...fresh, ownId: true }, { erasedLately: true }, "erased"],
    [{ ...fresh, recorded: true }, { erasedLately: true }, "erased"],
  ])("%o with %o: %s", (event, more, claim) => {
    expect(claimOf(event, { ...first, ...more })).toBe(claim);
  });
});

it("is its owner's, until it is erased", () => {
  expect(ownershipOf(undefined, "batch_1")).toBe("foreign");
  expect(ownershipOf({ owner: "batch_2" }, "batch_1")).toBe("foreign");
  expect(ownershipOf({ owner: "batch_2", expungedAt: new Date() }, "batch_1")).toBe("foreign");
  expect(ownershipOf({ owner: "batch_1" }, "batch_1")).toBe("own");
  expect(ownershipOf({ owner: "batch_1", expungedAt: new Date() }, "batch_1")).toBe("erased");
});
