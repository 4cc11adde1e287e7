/** The list of events as it is now. An event that was accepted has deliveries, and the stream tells of these. */
import { type LiveKind, type LiveList, useLiveList } from "../../parts/rows/live-list.js";
import { parseSearch, stringifySearch } from "../../search-parameters.js";
import { eventsSearch, type EventsSearch } from "./filters.js";
import { type EventRecord, eventsQuery, lookAtEvents } from "./queries.js";

/** Each attempt at a delivery is told as well, and the list is not to be read for each. */
const GATHERED_MS = 2_000;

const EVENTS: LiveKind<EventRecord> = {
  follows(wanted) {
    const { type } = eventsSearch(parseSearch(wanted));
    return { about: ["delivery"], gatheredMs: GATHERED_MS, ...(type !== undefined && { eventType: type }) };
  },
  page(wanted) {
    const shown = eventsSearch(parseSearch(wanted));
    return {
      queryKey: eventsQuery(shown).queryKey,
      isNewest: shown.cursor === undefined,
      look: (signal) => lookAtEvents(shown, signal),
    };
  },
  timeOf: ({ acceptedAt }) => acceptedAt,
};

export const useLiveEvents = (search: EventsSearch): LiveList => useLiveList(EVENTS, stringifySearch({ ...search }));
