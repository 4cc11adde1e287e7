/** A chat channel of people, which takes messages by an incoming webhook. */

/** What the service behind the webhook understands. */
export const CHAT_FORMATS = ["slack", "teams"] as const;
export type ChatFormat = (typeof CHAT_FORMATS)[number];

export interface ChatChannel {
  format: ChatFormat;
  /** Whoever knows it can write into the channel. So it is sealed at rest and never shown again as a whole. */
  url: string;
}
