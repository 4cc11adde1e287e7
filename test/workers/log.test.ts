import { describe, expect, it } from "vitest";
import { errorOf } from "../../src/workers/log.js";

describe("an error in the log", () => {
  it("has its name, code, message and stack, and nothing else that hangs on it", () => {
    const error = Object.assign(new TypeError("it broke"), { code: "E_IT", payload: "canary" });
    const written = errorOf(error);
    expect(written).toMatchObject({ name: "TypeError", message: "it broke", code: "E_IT" });
    expect(Object.keys(written)).toEqual(["name", "message", "code", "stack"]);
    expect(JSON.stringify(written)).not.toContain("canary");
  });

  it("has no secret of a URL in its message, its stack or its cause", () => {
    const url = "https://user:canary@example.com/hook?token=canary";
    const text = JSON.stringify(errorOf(new Error(`failed: ${url}`, { cause: new Error(`first: ${url}`) })));
    expect(text).not.toContain("canary");
    expect(text.match(/example\.com\/hook\?\(secret\)/g)?.length).toBeGreaterThanOrEqual(4);
  });

  it("is bounded, and may be no error at all", () => {
    expect(String(errorOf(new Error("x".repeat(10_000)))["message"])).toHaveLength(500);
    expect(errorOf("https://example.com/?token=canary")).toEqual({ message: "https://example.com/?(secret)" });
    expect(errorOf(undefined)).toEqual({ message: "undefined" });
  });
});
