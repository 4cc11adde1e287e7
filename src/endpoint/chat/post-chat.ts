/** Writes one message into a chat channel, and says what came of it. */
import type { ChatChannel } from "../../store/notices/chat-channel.js";
import { classify } from "../classify.js";
import type { EndpointTls } from "../../store/model.js";
import type { Exchange } from "../exchange.js";
import { askedWait } from "../answer/asked-wait.js";
import type { Sender } from "../send.js";
import { type ChatMessage, chatBody } from "./chat-message.js";

export type ChatOutcome =
  | { kind: "sent" }
  /** There is no such channel any more. */
  | { kind: "gone"; status: number; code?: string }
  /** It would be refused again. */
  | { kind: "refused"; status?: number; code?: string }
  /** It may work later. `retryAfterMs`: the service has said when. */
  | { kind: "waiting"; status?: number; code?: string; retryAfterMs?: number };

/** Never rejects. `reader` stands for the URL where connections are kept. */
export type PostChat = (order: { channel: ChatChannel; reader: string; message: ChatMessage }) => Promise<ChatOutcome>;

export interface PostChatOptions {
  sender: Sender;
  /** Of the service, for `user-agent`. */
  version: string;
  /** Authorities beside the public ones. */
  ca?: string;
  now?: () => number;
}

const TIMEOUT_MS = 10_000;
/** What a service says in a word fits, and little else is read. */
const MOST_ANSWER = 256;

/** One for each process. */
export function createPostChat({ sender, version, ca, now = Date.now }: PostChatOptions): PostChat {
  // Chat services are not ours to choose. Some of them do not speak TLS 1.3 yet.
  const tls: EndpointTls = { minVersion: "TLSv1.2", ...(ca !== undefined && { ca }) };
  return async ({ channel: { format, url }, reader, message }) => {
    const exchange = await sender.send({
      identity: { subscriptionId: `chat/${reader}`, url, version: 0, tls },
      headers: { "content-type": "application/json; charset=utf-8", "user-agent": `Sealpost/${version}` },
      body: chatBody(format, message),
      timeoutMs: TIMEOUT_MS,
      maxBodyBytes: MOST_ANSWER,
    });
    return outcomeOf(exchange, now());
  };
}

/** 408 and 425 ask for a repetition, and 429 does so later. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);
const GONE: ReadonlySet<number> = new Set([404, 410]);

function outcomeOf(exchange: Exchange, now: number): ChatOutcome {
  if (exchange.kind === "failure") {
    const { class: kind, code } = classify(exchange, now);
    return { kind: kind === "retry" || kind === "ours" ? "waiting" : "refused", code };
  }
  const { status, headers, body } = exchange;
  if (status >= 200 && status <= 299) return { kind: "sent" };
  const word = wordIn(body);
  const said = { status, ...(word !== undefined && { code: word }) };
  if (GONE.has(status)) return { kind: "gone", ...said };
  if (status < 500 && !PASSING.has(status)) return { kind: "refused", ...said };
  const retryAfterMs = askedWait({ status, headers }, now);
  return { kind: "waiting", ...said, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/**
 * What Slack says as the whole answer, such as `channel_is_archived`. Anything longer or of other letters is left
 * alone, because it could repeat the URL.
 */
const wordIn = (body: Uint8Array): string | undefined =>
  /^\s*([a-z]{2,20}(?:_[a-z]{1,20}){1,5})\s*$/.exec(Buffer.from(body).toString("utf8"))?.[1];
