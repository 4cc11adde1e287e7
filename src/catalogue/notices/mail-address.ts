/** What stands for an address where the address itself must not stand: in lines of mail and in links. */
import type { Store } from "../../store/store.js";

type Hashing = Pick<Store, "blindIndex">;

const hashed = ({ blindIndex }: Hashing, label: string, text: string): string =>
  Buffer.from(blindIndex(label, text)).toString("base64url");

/** The reader with this address. Case makes no difference, as with nearly every mail server. */
export const readerOf = (store: Hashing, address: string): string =>
  hashed(store, "mail-reader", address.trim().toLowerCase());

/** Proves that a link to unsubscribe was made here. */
export const unsubscribeMac = (store: Hashing, reader: string): string => hashed(store, "mail-unsubscribe", reader);

/** Where the link to unsubscribe leads. */
export const UNSUBSCRIBE_PATH = "/mail/unsubscribe";
export const unsubscribeUrl = (store: Hashing, publicUrl: string, reader: string): string =>
  `${publicUrl}${UNSUBSCRIBE_PATH}?reader=${reader}&mac=${unsubscribeMac(store, reader)}`;
