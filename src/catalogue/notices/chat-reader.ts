/** What stands for the URL of a chat channel where the URL itself must not stand. */
import type { Store } from "../../store/store.js";

/** The channel behind this URL, whichever subscriptions name it. */
export const chatReaderOf = ({ blindIndex }: Pick<Store, "blindIndex">, url: string): string =>
  Buffer.from(blindIndex("chat-channel", url)).toString("base64url");
