/** One message to a real HTTPS server. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { explainChatFault } from "../../../src/endpoint/chat/chat-explanation.js";
import { createPostChat, type PostChat } from "../../../src/endpoint/chat/post-chat.js";
import { createSender, type Sender } from "../../../src/endpoint/send.js";
import { createGuard, type GuardOptions } from "../../../src/endpoint/target/guard.js";
import { type ChatService, startChatService } from "../../support/chat-service.js";

const NOW = Date.UTC(2026, 10, 27, 5);
const message = { title: "Sealpost", entries: [], more: String, footer: "." };
let service: ChatService;
const senders: Sender[] = [];
beforeAll(async () => {
  service = await startChatService();
});
afterAll(async () => {
  await Promise.all(senders.map((sender) => sender.close()));
  await service?.close();
});

function posting(guard: GuardOptions = { allowLocal: true }, ca: string | null = service.ca): PostChat {
  const sender = createSender({ guard: createGuard(guard) });
  senders.push(sender);
  return createPostChat({ sender, version: "1.2.3", now: () => NOW, ...(ca !== null && { ca }) });
}
const post = (name: string, by = posting()) =>
  by({ channel: { format: "slack", url: service.webhook(name) }, reader: name, message });

it("goes out as JSON over TLS", async () => {
  expect(await post("fine")).toEqual({ kind: "sent" });
  const [request] = service.requests;
  expect(request).toMatchObject({
    method: "POST",
    path: "/services/T000/B000/secret-of-fine",
    tlsProtocol: "TLSv1.3",
    headers: { "content-type": "application/json; charset=utf-8", "user-agent": "Sealpost/1.2.3" },
  });
});

it.each([
  ["202", { status: 202 }, { kind: "sent" }],
  ["404", { status: 404, body: "no_service" }, { kind: "gone", status: 404, code: "no_service" }],
  ["410", { status: 410, body: "channel_is_archived" }, { kind: "gone", status: 410, code: "channel_is_archived" }],
  ["403", { status: 403, body: "action_prohibited" }, { kind: "refused", status: 403, code: "action_prohibited" }],
  ["400", { status: 400, body: "POST /services/T000 is <b>bad</b>" }, { kind: "refused", status: 400 }],
  ["302", { status: 302, headers: { location: "https://elsewhere.example" } }, { kind: "refused", status: 302 }],
  ["429", { status: 429, headers: { "retry-after": "90" } }, { kind: "waiting", status: 429, retryAfterMs: 90_000 }],
  [
    "429-limit",
    { status: 429, headers: { "ratelimit-reset": "90" } },
    { kind: "waiting", status: 429, retryAfterMs: 90_000 },
  ],
  ["503", { status: 503 }, { kind: "waiting", status: 503 }],
  ["408", { status: 408 }, { kind: "waiting", status: 408 }],
])("the answer %s means %o", async (name, answer, outcome) => {
  service.answer(name, answer);
  expect(await post(name)).toEqual(outcome);
});

it("never leaves for an address that may not be called, nor past a certificate of a stranger", async () => {
  const before = service.requests.length;
  expect(await post("blocked", posting({ allowLocal: false }))).toEqual({ kind: "refused", code: "target_refused" });
  expect(await post("stranger", posting({ allowLocal: true }, null))).toEqual({
    kind: "waiting",
    code: "tls_untrusted",
  });
  expect(service.requests).toHaveLength(before);
});

it.each([
  [{ kind: "gone", status: 410, code: "channel_is_archived" }, /\(HTTP 410, channel_is_archived\)\. Nothing more is/],
  [{ kind: "refused", status: 403 }, /refused the message \(HTTP 403\)\. This message is not sent again/],
  [{ kind: "waiting", code: "dns_not_found" }, /\(dns_not_found\)\. The host name does not exist .* tries again/],
  [{ kind: "given_up", status: 503 }, /for about a day \(HTTP 503\)\./],
] as const)("%o is said in words", (fault, words) => {
  expect(explainChatFault(fault)).toMatch(words);
});
