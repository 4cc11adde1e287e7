/** The chat channel of a subscription: its notices go there as well as to the contacts. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { chatReaderOf } from "../../../catalogue/notices/chat-reader.js";
import { languageOfSubscription } from "../../../catalogue/notices/subscription-language.js";
import type { ChatOutcome } from "../../../endpoint/chat/post-chat.js";
import { canonicalUrl } from "../../../endpoint/target/target-url.js";
import type { ChatFault } from "../../../store/notices/chat.js";
import type { Subscription } from "../../../store/model.js";
import { subscriptionName } from "../../../store/subscription-name.js";
import { recordAct, recordToldAct } from "../../access/audit.js";
import { refuse } from "../../http/errors.js";
import { type ApiRoute, noContent, ok, type RequestContext, route } from "../../route.js";
import { subscriptionRef } from "../about-schemas.js";
import { findSubscription, refuseUrl } from "../checks.js";
import { withSettingChange } from "../steps/setting-changes.js";
import { channelView, chatInput, chatTestView, chatView, faultView } from "./chat-schemas.js";
import { chatTestMessage } from "./test-message.js";

const params = z.strictObject({ id: subscriptionRef });
const PATH = "/v1/subscriptions/{id}/chat";

async function view(
  { dependencies: { store } }: RequestContext<"store">,
  { chat }: Subscription,
): Promise<z.input<typeof chatView>> {
  if (!chat) return {};
  return { channel: channelView(chat, await store.chat.state(chatReaderOf(store, chat.url))) };
}

async function setChannel(
  context: RequestContext<"store" | "catalogue" | "refuseTarget">,
  id: string,
  { format, url: given }: z.output<typeof chatInput>,
) {
  if (!(await findSubscription(context, id))) return refuse("not_found");
  const refusal = await refuseUrl(context, given);
  if (refusal) return refusal;
  const { store } = context.dependencies;
  const url = canonicalUrl(given);
  const change = randomUUID();
  const after = await store.subscriptions.update(id, (current) =>
    withSettingChange(current, { ...current, chat: { format, url } }, change),
  );
  if (!after) return refuse("not_found");
  // What was wrong before may be what was mended.
  await store.chat.forget(chatReaderOf(store, url));
  await recordToldAct(context, "subscription.set_chat", id, { format, host: new URL(url).host, change });
  return ok(await view(context, after));
}

async function removeChannel(context: RequestContext<"store" | "catalogue">, id: string) {
  const subscription = await findSubscription(context, id);
  if (!subscription) return refuse("not_found");
  if (!subscription.chat) return noContent;
  const change = randomUUID();
  await context.dependencies.store.subscriptions.update(id, (current) => {
    const { chat: _chat, ...rest } = current;
    return withSettingChange(current, rest, change);
  });
  await recordToldAct(context, "subscription.remove_chat", id, { change });
  return noContent;
}

type TestContext = RequestContext<"store" | "catalogue" | "limits" | "settings" | "postChat">;

async function sendTest(context: TestContext, id: string) {
  const subscription = await findSubscription(context, id);
  if (!subscription) return refuse("not_found");
  const { chat, groupId } = subscription;
  if (!chat) return refuse("chat_channel_missing");
  const { store, catalogue, limits, settings, postChat } = context.dependencies;
  const limited = await limits.refuse(context.actor, "test", { group: groupId, host: new URL(chat.url).hostname });
  if (limited) return limited;
  const reader = chatReaderOf(store, chat.url);
  const message = chatTestMessage(
    languageOfSubscription(catalogue, subscription),
    subscriptionName(subscription),
    `${settings.publicUrl}/portal/subscriptions/${encodeURIComponent(id)}`,
  );
  const outcome = await postChat({ channel: chat, reader, message });
  const at = new Date();
  const fault = faultOf(outcome, at);
  // A test that gets there ends what was wrong. One that does not says so here, and notices are tried all the same.
  if (!fault) await store.chat.sent(reader, at);
  else if (fault.kind === "gone") await store.chat.failed(reader, fault);
  await recordAct(context, "subscription.test_chat", id, { outcome: fault?.kind ?? "sent" });
  return ok({ sent: !fault, ...(fault && { fault: faultView(fault) }) });
}

function faultOf(outcome: ChatOutcome, at: Date): ChatFault | undefined {
  if (outcome.kind === "sent") return undefined;
  const { kind, status, code } = outcome;
  // A test is not sent again.
  return {
    at,
    kind: kind === "gone" ? "gone" : "refused",
    ...(status !== undefined && { status }),
    ...(code !== undefined && { code }),
  };
}

export const subscriptionChatRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: PATH,
    operationId: "readChatChannel",
    tag: "Subscriptions",
    act: "subscriptions:read",
    summary: "The chat channel that gets the notices, and how it does",
    params,
    response: { status: 200, description: "The channel, without its URL", schema: chatView },
    async handle(context: RequestContext<"store" | "catalogue">, { params: { id } }) {
      const subscription = await findSubscription(context, id);
      return subscription ? ok(await view(context, subscription)) : refuse("not_found");
    },
  }),
  route({
    method: "put",
    path: PATH,
    operationId: "setChatChannel",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Send the notices into a chat channel as well",
    description:
      "The channel gets what the contacts of the subscription get: what is urgent at once, and everything else in " +
      "one message an hour. It holds ids and reasons, and no payload. At most 20 messages a day.",
    params,
    body: chatInput,
    response: { status: 200, description: "The channel, without its URL", schema: chatView },
    problems: ["target_refused"],
    handle: async (context: RequestContext<"store" | "catalogue" | "refuseTarget">, { params: { id }, body }) =>
      setChannel(context, id, body),
  }),
  route({
    method: "delete",
    path: PATH,
    operationId: "removeChatChannel",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Send no more notices into the chat channel",
    description: "What waits for the channel is not sent. The URL is forgotten.",
    params,
    response: { status: 204, description: "There is no channel any more" },
    handle: async (context: RequestContext<"store" | "catalogue">, { params: { id } }) => removeChannel(context, id),
  }),
  route({
    method: "post",
    path: `${PATH}/test`,
    operationId: "testChatChannel",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Send a test message into the chat channel",
    description: "Answers within 20 s. A test that gets there also ends that a channel counts as gone.",
    params,
    response: { status: 200, description: "Whether the service took it", schema: chatTestView },
    problems: ["chat_channel_missing", "rate_limited"],
    handle: async (context: TestContext, { params: { id } }) => sendTest(context, id),
  }),
];
