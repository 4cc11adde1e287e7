/** The filters of the list as they stand in the address. */
import { type FrameSearch, frameSearch, textsOf } from "../../search-parameters.js";

const NAMES = ["status", "type", "subscription", "event", "http", "outcome", "q", "since", "until"] as const;

export type DeliveriesSearch = FrameSearch & Partial<Record<(typeof NAMES)[number], string>>;

export const deliveriesSearch = (given: Record<string, unknown>): DeliveriesSearch => ({
  ...frameSearch(given),
  ...textsOf(given, NAMES),
});
