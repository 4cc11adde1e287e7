/** Which chat channels get a message about notices: those of the subscriptions that they are about. */
import type { Logger } from "pino";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { chatReaderOf } from "../../catalogue/notices/chat-reader.js";
import { NOTICE_SPECS } from "../../catalogue/notices/notice-kinds.js";
import type { ChatLine } from "../../store/notices/chat.js";
import type { Notice } from "../../store/notices/notice.js";
import type { Store } from "../../store/store.js";
import { gatheredAt } from "../notices/gathering.js";

export interface FileChatDependencies {
  store: Pick<Store, "chat" | "blindIndex">;
  catalogue: Pick<Catalogue, "subscription">;
  log: Pick<Logger, "warn">;
  now?: () => Date;
}

/**
 * Files the messages about these notices. A channel gets what the contacts of its subscription get. A repetition after
 * a crash files nothing more. @throws StoreError
 */
export function createFileChat({
  store,
  catalogue,
  log,
  now = () => new Date(),
}: FileChatDependencies): (notices: readonly Notice[]) => Promise<void> {
  function lineOf(notice: Notice): ChatLine[] {
    const { kind, subscriptionId } = notice;
    if (subscriptionId === undefined || !NOTICE_SPECS[kind].to.includes("contacts")) return [];
    const channel = catalogue.subscription(subscriptionId)?.chat;
    if (!channel) return [];
    return [
      { reader: chatReaderOf(store, channel.url), ...gatheredAt(notice, now()), source: { subscriptionId }, notice },
    ];
  }
  return async (notices) => {
    const left = await store.chat.file(notices.flatMap(lineOf));
    if (left > 0) log.warn({ lines: left }, "lines for chat channels are lost, because too many wait");
  };
}
