import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { policyHeaders, type PolicyOptions } from "../../../src/api/temporal-ui/policy.js";

const ORIGIN = "https://sealpost.example.com";
const policyOf = (options: Partial<PolicyOptions> = {}): string =>
  policyHeaders({ origin: ORIGIN, kind: "document", ...options })["content-security-policy"] ?? "";
const directive = (policy: string, name: string): string | undefined =>
  policy
    .split(", ")[0]
    ?.split("; ")
    .find((each) => each.startsWith(`${name} `));

describe("the policy of the Temporal UI's pages", () => {
  it("lets them reach the UI and the codec, and nothing else here", () => {
    expect(directive(policyOf(), "default-src")).toBe("default-src 'none'");
    expect(directive(policyOf(), "connect-src")).toBe(`connect-src ${ORIGIN}/temporal/ ${ORIGIN}/codec/`);
    expect(directive(policyOf(), "form-action")).toBe("form-action 'none'");
    expect(directive(policyOf(), "frame-ancestors")).toBe("frame-ancestors 'none'");
    expect(policyOf()).not.toContain("unsafe-eval");
  });

  it("lets the page's own inline scripts run, by their hashes", () => {
    const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    const html = "<html><script>a();</script><p></p><script>\nb();\n</script></html>";
    expect(directive(policyOf({ html }), "script-src")).toBe(
      `script-src ${ORIGIN}/temporal/_app/ ${hash("a();")} ${hash("\nb();\n")}`,
    );
    expect(directive(policyOf(), "script-src")).toBe(`script-src ${ORIGIN}/temporal/_app/`);
  });

  it("stands beside the UI's own, so that both hold", () => {
    expect(policyOf({ own: "script-src 'nonce-x'" })).toBe(`${policyOf()}, script-src 'nonce-x'`);
  });

  it("lets only the UI frame its Markdown, which runs no script", () => {
    const headers = policyHeaders({ origin: ORIGIN, kind: "rendered" });
    expect(headers["x-frame-options"]).toBe("SAMEORIGIN");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'self'");
    expect(headers["content-security-policy"]).not.toContain("script-src");
  });
});
