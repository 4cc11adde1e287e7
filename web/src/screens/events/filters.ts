/** The filters of the list of events as they stand in the address. */
import { type FrameSearch, frameSearch, textsOf } from "../../search-parameters.js";

const NAMES = ["type", "since", "until"] as const;

export type EventsSearch = FrameSearch & Partial<Record<(typeof NAMES)[number], string>>;

export const eventsSearch = (given: Record<string, unknown>): EventsSearch => ({
  ...frameSearch(given),
  ...textsOf(given, NAMES),
});
