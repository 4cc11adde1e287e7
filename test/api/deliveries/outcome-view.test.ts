import { describe, expect, it } from "vitest";
import { outcomeFacts } from "../../../src/api/deliveries/outcome-view.js";
import { OUTCOMES } from "../../../src/endpoint/outcomes.js";

describe("what an outcome is said to be", () => {
  it("tells on whose side it lies", () => {
    expect(outcomeFacts("http_5xx")).toMatchObject({ fault: "endpoint", explanation: "The endpoint failed." });
    expect(outcomeFacts("client_certificate_invalid").fault).toBe("settings");
    expect(outcomeFacts("internal_error").fault).toBe("ours");
    expect(outcomeFacts("delivered")).toEqual({ fault: "nobody", explanation: "The endpoint accepted the event." });
  });

  it("never says that we are at fault for what costs an attempt, nor the other way round", () => {
    for (const row of Object.values(OUTCOMES)) if (row.fault === "ours") expect(row.class).toBe("ours");
    const ours = Object.entries(OUTCOMES).filter(([, row]) => row.class === "ours" && row.fault !== "ours");
    // The endpoint kept all connections busy: we waited for it, and that costs no attempt.
    expect(ours.map(([code]) => code)).toEqual(["timeout_total"]);
  });

  it("says nothing of a code that this release does not know, or of a name of every object", () => {
    expect(outcomeFacts("of_a_later_release")).toEqual({});
    expect(outcomeFacts("toString")).toEqual({});
  });
});
