import { describe, expect, it } from "vitest";
import { ruleOf } from "../../../src/api/temporal-ui/rules.js";

const API = "/temporal/api/v1";
const NS = `${API}/namespaces/default`;
const ID = "retry%2Fevt_1%2Fsub_1";
const rule = (method: string, target: string) => ruleOf(method, target, "default");

describe("what passes to the Temporal UI", () => {
  it.each<[string, string, object]>([
    ["GET", "/temporal", { kind: "document" }],
    ["GET", "/temporal/", { kind: "document" }],
    ["GET", "/temporal/namespaces/default/workflows?query=%60WebhookStatus%60%3D%22parked%22", { kind: "document" }],
    ["GET", `/temporal/namespaces/default/workflows/${ID}/01/history`, { kind: "document" }],
    ["GET", "/temporal/_app/immutable/chunks/x.js", { kind: "file" }],
    ["GET", "/temporal/favicon.ico", { kind: "file" }],
    ["HEAD", "/temporal/logo.svg", { kind: "file" }],
    ["GET", "/temporal/render?content=x", { kind: "rendered" }],
    ["GET", `${API}/settings?`, { kind: "settings" }],
    ["GET", `${API}/cluster-info`, { kind: "read" }],
    ["GET", `${API}/system-info`, { kind: "read" }],
    ["GET", `${API}/namespaces?pageSize=100`, { kind: "read" }],
    ["GET", NS, { kind: "read" }],
    ["GET", `${NS}/workflows?query=x`, { kind: "read" }],
    ["GET", `${NS}/workflow-count?query=x`, { kind: "read" }],
    ["GET", `${NS}/schedules`, { kind: "read" }],
    ["GET", `${NS}/workflows/${ID}/history?waitNewEvent=true`, { kind: "read", workflowId: "retry/evt_1/sub_1" }],
    ["POST", `${NS}/workflows/${ID}/signal/retry`, { kind: "signal", workflowId: "retry/evt_1/sub_1", name: "retry" }],
    [
      "POST",
      `${NS}/workflows/${ID}/query/__temporal_workflow_metadata?`,
      { kind: "query", workflowId: "retry/evt_1/sub_1", name: "__temporal_workflow_metadata" },
    ],
    ["POST", `${NS}/workflows/${ID}/cancel`, { kind: "cancel", workflowId: "retry/evt_1/sub_1", name: "cancel" }],
  ])("%s %s", (method, target, expected) => expect(rule(method, target)).toEqual(expected));
});

describe("what is refused, each with a sentence", () => {
  it.each<[string, string, RegExp]>([
    ["POST", `${NS}/workflows/new-id`, /started by publishing/],
    ["POST", `${NS}/workflows/${ID}/signal-with-start/retry`, /started by publishing/],
    ["POST", `${NS}/workflows/${ID}/terminate`, /Cancel it instead/],
    ["POST", `${NS}/workflows/${ID}/reset`, /signal `retry` instead/],
    ["POST", `${NS}/workflows/${ID}/update/lease`, /Updates/],
    ["POST", `${NS}/workflows/${ID}/pause`, /Pause the subscription/],
    ["POST", `${NS}/workflows/${ID}/unpause`, /Resume the subscription/],
    ["POST", `${NS}/workflows/${ID}/delete`, /retention/],
    ["DELETE", `${NS}/workflows/${ID}`, /retention/],
    ["POST", `${NS}/batch-operations/job`, /recovery/],
    ["POST", `${NS}/schedules/nightly`, /schedules/],
    ["DELETE", `${NS}/schedules/nightly`, /schedules/],
    ["POST", `${NS}/activities/x/pause`, /Activities/],
    ["POST", `${NS}/activities-deprecated/reset`, /Activities/],
    ["POST", `${NS}/update`, /Updates/],
    ["POST", `${NS}/search-attributes`, /nothing else/],
    ["POST", `${NS}/worker-deployments/d/set-current-version`, /nothing else/],
    ["DELETE", NS, /retention/],
    ["POST", `${API}/namespaces`, /nothing else/],
    ["POST", `${API}/nexus/endpoints`, /nothing else/],
    ["PUT", `${NS}/workflows/${ID}/signal/retry`, /nothing else/],
    ["PATCH", `${NS}/workflows/${ID}/cancel`, /nothing else/],
    ["POST", `${NS}/workflows/${ID}/signal`, /nothing else/],
    ["POST", `${NS}/workflows/${ID}/cancel/x`, /nothing else/],
    ["POST", `${NS}/workflows/${ID}/signal/retry/more`, /nothing else/],
    ["POST", `${NS}/workflows//cancel`, /./],
    ["GET", `${API}/anything`, /nothing else/],
    ["GET", "/temporal/api/v2/settings", /not served here/],
    ["GET", "/temporal/auth/sso", /log in to Sealpost/],
    ["GET", "/temporal/openapi/x", /not served here/],
    ["POST", "/temporal/namespaces/default", /only read/],
    ["GET", `${API}/namespaces/other/workflows`, /Only the namespace default/],
    ["POST", `${API}/namespaces/other/workflows/x/signal/retry`, /Only the namespace default/],
    ["GET", `${API}/namespaces/temporal-system/workflows`, /Only the namespace default/],
    // A path that could mean something else behind the proxy.
    ["GET", "/temporal/../v1/api-keys", /not one that/],
    ["GET", "/temporal/%2e%2e/v1/api-keys", /not one that/],
    ["POST", `${NS}/workflows/x/signal/%2e%2e/%2e%2e/terminate`, /not one that/],
    ["POST", `${NS}/workflows/x/signal/.%2E`, /not one that/],
    ["GET", "/temporal/a%5c..%5cb", /not one that/],
    ["GET", "/temporal/a%0d%0ab", /not one that/],
    ["GET", "/temporal/%zz", /not one that/],
  ])("%s %s", (method, target, sentence) => {
    const refused = rule(method, target);
    expect(refused).toEqual({ refused: expect.stringMatching(sentence) as unknown });
    expect("refused" in refused && refused.refused).toMatch(/^[A-Z].*\.$/);
  });

  it("an escaped slash stays within its segment, as it does for the UI's server", () => {
    expect(rule("POST", `${NS}/workflows/x%2Fterminate/cancel`)).toEqual({
      kind: "cancel",
      workflowId: "x/terminate",
      name: "cancel",
    });
    expect(rule("POST", `${NS}/workflows/x%2Fcancel`)).toHaveProperty("refused");
  });
});
