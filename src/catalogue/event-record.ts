/** The record of an event, as it is made when the event is accepted. */
import type { EventRecord } from "../store/model.js";
import type { PublishedEvent } from "../workflows/contract.js";
import type { Catalogue } from "./catalogue.js";
import { apiOf } from "./routes.js";

/** The record of an event that `owner` delivers. */
export const eventRecord = (event: PublishedEvent, size: number, catalogue: Catalogue, owner: string): EventRecord => ({
  id: event.id,
  type: event.type,
  apiId: apiOf(catalogue, event.type),
  contentType: event.contentType,
  sha256: event.sha256,
  size,
  acceptedAt: new Date(event.acceptedAt),
  owner,
  // The process that records an event has announced its owner, or is its owner.
  protocol: 2,
  ...(event.groups && { groups: event.groups }),
  ...(event.subscriptionIds && { subscriptionIds: event.subscriptionIds }),
  ...(event.attributes && { attributes: event.attributes }),
  ...(event.hops && { hops: event.hops }),
});
