/** The chat channel of a subscription: how its URL is given, and what is shown of it afterwards. */
import { z } from "zod";
import { explainChatFault } from "../../../endpoint/chat/chat-explanation.js";
import { CHAT_FAULTS, type ChatFault, type ChatState } from "../../../store/notices/chat.js";
import { CHAT_FORMATS, type ChatChannel } from "../../../store/notices/chat-channel.js";
import { instant } from "../../http/primitives.js";
import { url as anyUrl } from "../technique-schemas.js";

const format = z
  .enum(CHAT_FORMATS)
  .meta({
    description:
      "`slack`: an incoming webhook of Slack, or of a service that takes the same, such as Mattermost. " +
      "`teams`: the webhook of a workflow in Microsoft Teams",
  });

export const chatInput = z
  .strictObject({
    format,
    url: anyUrl
      .regex(/^https:/i, "must begin with https://")
      .meta({
        description: "The URL of the webhook. It is sealed at rest, and no answer contains it",
        example: "https://hooks.slack.com/services/T000/B000/example",
      }),
  })
  .meta({ id: "ChatChannelInput" });

const chatFault = z
  .object({
    kind: z
      .enum(CHAT_FAULTS)
      .meta({
        description:
          "`gone`: the channel does not exist any more, and nothing more is sent. `refused`: the message is not sent " +
          "again. `waiting`: it is sent again later. `given_up`: it was, for about a day",
      }),
    at: instant,
    status: z.int().optional().meta({ description: "What the service answered" }),
    code: z.string().optional().meta({ description: "A word of the service, or the code of an outcome" }),
    until: instant.optional().meta({ description: "Nothing is sent before" }),
    explanation: z.string().meta({ description: "What happened and what to do" }),
  })
  .meta({ id: "ChatFault" });

export const chatView = z
  .object({
    channel: z
      .object({
        format,
        host: z.string(),
        ending: z.string().optional().meta({ description: "The last characters of the URL" }),
        sending: z.boolean().meta({ description: "False if the channel does not exist any more" }),
        sentAt: instant.optional().meta({ description: "When the last message got there" }),
        fault: chatFault.optional().meta({ description: "What has gone wrong since then" }),
      })
      .optional()
      .meta({ description: "Absent: there is none" }),
  })
  .meta({ id: "SubscriptionChat" });

export const chatTestView = z
  .object({
    sent: z.boolean().meta({ description: "The service took the message" }),
    fault: chatFault.optional().meta({ description: "Why it did not" }),
  })
  .meta({ id: "ChatTest" });

/** A URL with less than this behind its host would be given away by its last characters. */
const LEAST_SECRET = 24;
const SHOWN = 4;

/** What tells one channel from another and lets nobody write into it. */
function shownOf(url: string): { host: string; ending?: string } {
  const { host, pathname, search } = new URL(url);
  const secret = pathname + search;
  return { host, ...(secret.length >= LEAST_SECRET && { ending: secret.slice(-SHOWN) }) };
}

export function faultView(fault: ChatFault): z.input<typeof chatFault> {
  const { kind, at, status, code, until } = fault;
  return {
    kind,
    at: at.toISOString(),
    ...(status !== undefined && { status }),
    ...(code !== undefined && { code }),
    ...(until && { until: until.toISOString() }),
    explanation: explainChatFault(fault),
  };
}

/** Nothing of the URL but its host and its last characters. */
export function channelView(
  { format: given, url }: ChatChannel,
  { sentAt, fault }: ChatState = {},
): NonNullable<z.input<typeof chatView>["channel"]> {
  return {
    format: given,
    ...shownOf(url),
    sending: fault?.kind !== "gone",
    ...(sentAt && { sentAt: sentAt.toISOString() }),
    ...(fault && { fault: faultView(fault) }),
  };
}
