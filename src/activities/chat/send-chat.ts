/**
 * The activity behind the workflow `chat`. Each channel is served by itself: one that hangs, refuses or is gone changes
 * nothing for the others.
 */
import type { Logger } from "pino";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { chatReaderOf } from "../../catalogue/notices/chat-reader.js";
import type { ChatOutcome, PostChat } from "../../endpoint/chat/post-chat.js";
import { groupBy } from "../../group-by.js";
import type { Metrics } from "../../metrics.js";
import type { ChatChannel } from "../../store/notices/chat-channel.js";
import type { WaitingChatLine } from "../../store/notices/chat.js";
import type { Store } from "../../store/store.js";
import type { ChatActivities } from "../../workflows/chat/chat-contract.js";
import { DAY_MS } from "../../workflows/durations.js";
import { mailLanguageOf } from "../mail/mail-languages.js";
import {
  deferralMs,
  digestAfter,
  MOST_DEFERRALS,
  MOST_MESSAGES_A_DAY,
  type MessageResult,
} from "../notices/gathering.js";
import { composeChat } from "./compose-chat.js";

export interface SendChatDependencies {
  store: Pick<Store, "chat" | "mailReaders" | "limits" | "blindIndex">;
  catalogue: Pick<Catalogue, "refresh" | "subscription" | "group" | "api">;
  metrics: Pick<Metrics, "chats">;
  log: Pick<Logger, "warn">;
  postChat: PostChat;
  /** Under which readers reach the portal, without a slash at the end. */
  publicUrl?: string | undefined;
  now?: () => Date;
}

const LINES = 500;
/** Channels that are written to at once in one step, and messages to each of them. Both bound how long a step takes. */
const CHANNELS = 20;
const MESSAGES = 3;

export function createSendChat(dependencies: SendChatDependencies): ChatActivities {
  const { store, catalogue, metrics, now = () => new Date() } = dependencies;

  /** All lines are of one channel. */
  async function serve(all: readonly WaitingChatLine[]): Promise<MessageResult[]> {
    const [lines, ended] = partition(all, (line) => channelOf(dependencies, line) !== undefined);
    await store.chat.remove(idsOf(ended));
    const [first] = lines;
    if (!first) return ["stopped"];
    const fault = (await store.chat.state(first.reader))?.fault;
    if (fault?.kind === "gone") {
      await store.chat.remove(idsOf(lines));
      return ["stopped"];
    }
    if (fault?.until && fault.until > now()) {
      await store.chat.postpone(idsOf(lines), fault.until, { mail: mergedUntil(fault.until), untried: true });
      return ["deferred"];
    }
    const results: MessageResult[] = [];
    const messages = [...groupBy(lines, ({ mail }) => mail).values()];
    while (messages.length > 0 && results.length < MESSAGES) {
      const { result, ends } = await sendOne(dependencies, messages.shift() ?? [], messages.flat());
      results.push(result);
      if (ends) return results;
    }
    return results;
  }

  return {
    async sendChat() {
      const lines = await store.chat.due(LINES, now());
      if (lines.length === 0) return { sent: 0, others: 0, more: false };
      await catalogue.refresh();
      const channels = [...groupBy(lines, ({ reader }) => reader).values()].slice(0, CHANNELS);
      const results = (await Promise.all(channels.map(serve))).flat();
      for (const result of results) metrics.chats.inc({ result });
      const sent = results.filter((result) => result === "sent").length;
      return { sent, others: results.length - sent, more: (await store.chat.due(1, now())).length > 0 };
    },
  };
}

const idsOf = (lines: readonly WaitingChatLine[]): string[] => lines.map(({ id }) => id);
/** What has waited for the same instant is one message. */
const mergedUntil = (until: Date): string => `until/${until.toISOString()}`;

function partition<T>(all: readonly T[], holds: (each: T) => boolean): [T[], T[]] {
  return [all.filter(holds), all.filter((each) => !holds(each))];
}

/** The channel as it is now. Undefined when the subscription has another one, or none. */
function channelOf(
  { store, catalogue }: Pick<SendChatDependencies, "store" | "catalogue">,
  { reader, source }: WaitingChatLine,
): ChatChannel | undefined {
  const channel = catalogue.subscription(source.subscriptionId)?.chat;
  return channel && chatReaderOf(store, channel.url) === reader ? channel : undefined;
}

/** `ends`: the other messages of the channel have been put off or removed with it. */
async function sendOne(
  dependencies: SendChatDependencies,
  lines: readonly WaitingChatLine[],
  others: readonly WaitingChatLine[],
): Promise<{ result: MessageResult; ends: boolean }> {
  const { store, catalogue, postChat, publicUrl, now = () => new Date() } = dependencies;
  const [first] = lines;
  const channel = first && channelOf(dependencies, first);
  if (!first || !channel) return { result: "stopped", ends: false };
  const { reader, source } = first;
  if (lines.every(({ tries }) => tries === 0)) {
    const taking = await store.limits.take([{ key: `chat/${reader}`, most: MOST_MESSAGES_A_DAY, windowMs: DAY_MS }]);
    if (!taking.ok) {
      // One message about all of it when there is room again.
      const { mail, dueAt } = digestAfter(new Date(now().getTime() + taking.retryAfterMs));
      await store.chat.postpone(idsOf([...lines, ...others]), dueAt, { mail, untried: true });
      return { result: "limited", ends: true };
    }
  }
  const language = await mailLanguageOf(dependencies, source);
  const message = composeChat(lines, { catalogue, publicUrl, language });
  const outcome = await postChat({ channel, reader, message });
  if (outcome.kind === "sent") {
    await store.chat.remove(idsOf(lines));
    await store.chat.sent(reader, now());
    return { result: "sent", ends: false };
  }
  return failed(dependencies, outcome, lines, others);
}

async function failed(
  { store, log, now = () => new Date() }: SendChatDependencies,
  outcome: Exclude<ChatOutcome, { kind: "sent" }>,
  lines: readonly WaitingChatLine[],
  others: readonly WaitingChatLine[],
): Promise<{ result: MessageResult; ends: boolean }> {
  const at = now();
  const { kind, status, code } = outcome;
  const reader = lines[0]?.reader ?? "";
  const said = { at, ...(status !== undefined && { status }), ...(code !== undefined && { code }) };
  log.warn({ reader, kind, status, code }, "a message did not get into its chat channel");
  if (outcome.kind !== "waiting") {
    await store.chat.failed(reader, { ...said, kind: outcome.kind });
    await store.chat.remove(idsOf(kind === "gone" ? [...lines, ...others] : lines));
    return { result: "refused", ends: kind === "gone" };
  }
  const [last, later] = partition(lines, ({ tries }) => tries >= MOST_DEFERRALS);
  const tries = Math.max(...lines.map((line) => line.tries));
  const until = new Date(at.getTime() + Math.max(deferralMs(tries), outcome.retryAfterMs ?? 0));
  await store.chat.failed(reader, { ...said, kind: last.length > 0 ? "given_up" : "waiting", until });
  await store.chat.remove(idsOf(last));
  await store.chat.postpone(idsOf([...later, ...others]), until, { mail: mergedUntil(until) });
  return { result: last.length > 0 ? "refused" : "deferred", ends: true };
}
