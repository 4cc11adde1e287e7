/** Messages to chat channels that wait, and how each channel does. A channel is known by an HMAC of its URL. */
import type { Collection } from "mongodb";
import { guarded } from "../mongo/driver-errors.js";
import { createExpiry } from "../mongo/oldest-first.js";
import { DAY_MS } from "../../workflows/durations.js";
import {
  createNoticeLines,
  type NoticeLine,
  type NoticeLineDocument,
  type NoticeLineOptions,
  type NoticeLineStore,
  type WaitingNoticeLine,
} from "./notice-lines.js";

/** The subscription whose channel it is. */
export interface ChatSource {
  subscriptionId: string;
}
export type ChatLine = NoticeLine<ChatSource>;
export type WaitingChatLine = WaitingNoticeLine<ChatSource>;
/** A line at rest. */
export type ChatLineDocument = NoticeLineDocument<ChatSource>;

/**
 * Why a message did not get into the channel. `gone`: there is no such channel any more, and nothing more is sent.
 * `refused`: this message is not sent again. `waiting`: it is sent again later. `given_up`: it was, for about a day.
 */
export const CHAT_FAULTS = ["gone", "refused", "waiting", "given_up"] as const;
export type ChatFaultKind = (typeof CHAT_FAULTS)[number];

export interface ChatFault {
  at: Date;
  kind: ChatFaultKind;
  /** What the service answered. Absent without an answer. */
  status?: number;
  /** Until then nothing is sent, because the service has said so or does not answer. */
  until?: Date;
  /** A word of the service's own, such as `channel_is_archived`, or the code of an outcome without an answer. */
  code?: string;
}

export interface ChatState {
  /** When the last message got there. */
  sentAt?: Date;
  /** The newest fault since then. */
  fault?: ChatFault;
}

/** How a channel does, at rest. */
export interface ChatStateDocument extends ChatState {
  _id: string;
  expiresAt: Date;
}

/** What nobody has written to for so long is forgotten. */
const KEPT_DAYS = 400;

export interface ChatStore extends NoticeLineStore<ChatSource> {
  /** Undefined for a channel that got nothing yet. */
  state(reader: string): Promise<ChatState | undefined>;
  /** A message got there. What was wrong before is forgotten. */
  sent(reader: string, at: Date): Promise<void>;
  failed(reader: string, fault: ChatFault): Promise<void>;
  /** Somebody has given the URL anew. */
  forget(reader: string): Promise<void>;
}

export function createChatStore(
  lines: Collection<ChatLineDocument>,
  states: Collection<ChatStateDocument>,
  { exclusive, ferretDb }: NoticeLineOptions,
): ChatStore {
  const nameOf = (id: string): string => `chatStates/${id}`;
  const expiry = createExpiry(states, { field: "expiresAt", ferretDb, lock: { exclusive, nameOf } });
  async function change(reader: string, at: Date, set: ChatState, unset: { fault?: "" }): Promise<void> {
    expiry.now();
    const expiresAt = new Date(at.getTime() + KEPT_DAYS * DAY_MS);
    const update = { $set: { ...set, expiresAt }, ...(unset.fault !== undefined && { $unset: unset }) };
    await exclusive(nameOf(reader), () =>
      guarded((within) => states.updateOne({ _id: reader }, update, { ...within, upsert: true })),
    );
  }
  return {
    ...createNoticeLines(lines, { exclusive, ferretDb, name: "chatLines" }),
    async state(reader) {
      const document = await guarded((within) => states.findOne({ _id: reader }, within));
      if (!document) return undefined;
      const { sentAt, fault } = document;
      return { ...(sentAt && { sentAt }), ...(fault && { fault }) };
    },
    sent: (reader, at) => change(reader, at, { sentAt: at }, { fault: "" }),
    failed: (reader, fault) => change(reader, fault.at, { fault }, {}),
    async forget(reader) {
      await exclusive(nameOf(reader), () => guarded((within) => states.deleteOne({ _id: reader }, within)));
    },
  };
}
