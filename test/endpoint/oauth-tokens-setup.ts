import { afterAll, beforeAll, beforeEach } from "vitest";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createOAuthTokens } from "../../src/endpoint/oauth-tokens.js";
import { createSender, type Sender } from "../../src/endpoint/send.js";
import type { OAuth2ClientCredentials } from "../../src/store/model.js";
import { type Receiver, startReceiver } from "../support/receiver.js";

export let sender: Sender;
export let stub: Receiver;

export const subscription = (id = "sub_1") => ({ id, updatedAt: new Date() });
export const client = (more: Partial<OAuth2ClientCredentials> = {}): OAuth2ClientCredentials => ({
  type: "oauth2",
  tokenUrl: stub.url,
  clientId: "client",
  clientSecret: "canary-secret",
  ...more,
});
export const answer = (status: number, body: unknown) =>
  (stub.respond = () => ({
    status,
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  }));
export const get = async (more: Partial<OAuth2ClientCredentials> = {}, tokens = createOAuthTokens({ sender })) =>
  tokens.get({ subscription: subscription(), auth: client(more), timeoutMs: 5_000 });

export const good = (token: string, more: Record<string, unknown> = {}) => ({
  access_token: token,
  token_type: "Bearer",
  expires_in: 3_600,
  ...more,
});

/** What each of the files needs that begin with `oauth-tokens`: call it once at the top. */
export function setUpOauthTokens(): void {
  beforeAll(async () => {
    sender = createSender({ guard: createGuard({ allowLocal: true, ports: [443] }) });
    stub = await startReceiver();
  });
  afterAll(async () => {
    await stub?.close();
    await sender?.close();
  });
  beforeEach(() => void (stub.requests.length = 0));
}
