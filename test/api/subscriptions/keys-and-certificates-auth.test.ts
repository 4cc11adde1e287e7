import { describe, expect, test } from "vitest";
import { api, input, create, change, setUpKeysAndCertificates } from "./keys-and-certificates-setup.js";

setUpKeysAndCertificates();

const oauth = { type: "oauth2", tokenUrl: "https://8.8.4.4/token", clientId: "c", clientSecret: "canary-1" };

describe("authentication and custom headers", () => {
  test("several are shown by their kind, custom headers by their names; nothing secret is", async () => {
    const { id, answer } = await create({
      auth: [
        { ...oauth, scope: "a b" },
        { type: "api_key", header: "X-Key", value: "canary-2" },
      ],
      headers: { "X-Tenant": "canary-3" },
    });
    expect(answer.body).toMatchObject({
      auth: [
        { type: "oauth2", tokenUrl: oauth.tokenUrl, clientId: "c", scope: "a b" },
        { type: "api_key", header: "X-Key" },
      ],
      headers: ["X-Tenant"],
    });
    const seen = [
      answer.text,
      (await api.call("GET", "/v1/subscriptions")).text,
      (await api.call("GET", "/v1/audit")).text,
      JSON.stringify(api.log),
    ].join("\n");
    expect(seen).not.toContain("canary");
    expect((await api.store.subscriptions.get(id))?.headers).toEqual({ "X-Tenant": "canary-3" });
    const removed = await change(id, { auth: null, headers: null });
    expect(removed.body).not.toHaveProperty("auth");
    expect(removed.body).not.toHaveProperty("headers");
  });

  test("a change to one may not conflict with the other that stays", async () => {
    const { id } = await create({ auth: { type: "api_key", header: "X-Key", value: "a" } });
    expect(
      await api.problem("PATCH", `/v1/subscriptions/${id}`, { body: { headers: { "x-key": "b" } } }),
    ).toMatchObject({ status: 422, code: "header_conflict", errors: [{ path: "headers" }] });
    expect((await api.store.subscriptions.get(id))?.headers).toBeUndefined();
    expect((await change(id, { auth: null, headers: { "x-key": "b" } })).status).toBe(200);
  });

  const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x-${i}`, "1"]));
  test.each<[string, Record<string, unknown>, number, string, string]>([
    ["no scheme", { signing: { schemes: [] } }, 400, "invalid_request", "signing.schemes"],
    ["a scheme twice", { signing: { schemes: ["v1", "v1"] } }, 400, "invalid_request", "signing.schemes"],
    ["an unknown scheme", { signing: { schemes: ["v2"] } }, 400, "invalid_request", "signing.schemes[0]"],
    [
      "a weak digest",
      { signing: { schemes: ["rfc9421"], rfc9421: { digest: "md5" } } },
      400,
      "invalid_request",
      "signing.rfc9421.digest",
    ],
    [
      "Basic and OAuth2",
      { auth: [{ type: "basic", username: "u", password: "canary" }, oauth] },
      400,
      "invalid_request",
      "auth",
    ],
    [
      "Basic and an Authorization header",
      {
        auth: [
          { type: "basic", username: "u", password: "canary" },
          { type: "api_key", header: "Authorization", value: "canary" },
        ],
      },
      400,
      "invalid_request",
      "auth",
    ],
    [
      "a type twice",
      {
        auth: [
          { type: "api_key", header: "a", value: "1" },
          { type: "api_key", header: "b", value: "2" },
        ],
      },
      400,
      "invalid_request",
      "auth",
    ],
    ["no authentication in a list", { auth: [] }, 400, "invalid_request", "auth"],
    [
      "a reserved header in a list",
      { auth: [{ type: "api_key", header: "Webhook-Id", value: "1" }] },
      400,
      "invalid_request",
      "auth[0].header",
    ],
    [
      "a token URL at the metadata service",
      { auth: { ...oauth, tokenUrl: "https://169.254.169.254/token" } },
      422,
      "target_refused",
      "auth.tokenUrl",
    ],
    [
      "a token URL at loopback, in a list",
      {
        auth: [
          { type: "api_key", header: "a", value: "1" },
          { ...oauth, tokenUrl: "https://127.0.0.1/" },
        ],
      },
      422,
      "target_refused",
      "auth[1].tokenUrl",
    ],
    ["an authority that is none", { auth: { ...oauth, ca: "nonsense" } }, 422, "tls_refused", "auth.ca"],
    ["a scope with a line break", { auth: { ...oauth, scope: "a\nb" } }, 400, "invalid_request", "auth.scope"],
    ["21 headers", { headers: many }, 400, "invalid_request", "headers"],
    ["a header twice", { headers: { "X-A": "1", "x-a": "2" } }, 400, "invalid_request", "headers"],
    ["a value of more than 4 KiB", { headers: { "x-a": "v".repeat(4_097) } }, 400, "invalid_request", "headers.x-a"],
    ["a value with a line break", { headers: { "x-a": "1\r\nx-b: 2" } }, 400, "invalid_request", "headers.x-a"],
    ["a value with NUL", { headers: { "x-a": "1\0" } }, 400, "invalid_request", "headers.x-a"],
    ["a name that is no token", { headers: { "x a": "1" } }, 400, "invalid_request", "headers.x a"],
    [
      "the header of the API key",
      { auth: { type: "api_key", header: "X-Key", value: "canary" }, headers: { "x-key": "1" } },
      422,
      "header_conflict",
      "headers",
    ],
    ...[
      "Host",
      "content-length",
      "Transfer-Encoding",
      "Connection",
      "Keep-Alive",
      "TE",
      "Trailer",
      "Upgrade",
      "Expect",
      "Proxy-Authorization",
      "Proxy-X",
      "webhook-id",
      "Webhook-Anything",
      "Content-Type",
      "content-digest",
      "Signature",
      "Signature-Input",
      "User-Agent",
      "Date",
      "Accept-Encoding",
      "HTTP2-Settings",
      "Authorization",
    ].map(
      (name) =>
        [name, { headers: { [name]: "1" } }, 400, "invalid_request", `headers.${name}`] as [
          string,
          Record<string, unknown>,
          number,
          string,
          string,
        ],
    ),
  ])("refused: %s", async (_name, more, status, code, path) => {
    const problem = await api.problem("POST", "/v1/subscriptions", { body: input(more) });
    expect(problem).toMatchObject({ status, code, errors: [{ path }] });
    expect(JSON.stringify(problem)).not.toContain("canary");
  });
});
