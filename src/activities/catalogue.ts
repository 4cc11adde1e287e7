/** The subscription catalogue in memory: what a publish and a dispatch look up without asking the store. */
import type { Api, ApiKey, EventType, Group, Subscription } from "../store/model.js";

export interface Catalogue {
  /** Version that the content belongs to; see `Store.catalogueVersion`. */
  readonly version: number;
  /** Reads anew when the store has a newer version (or when older than `atLeast`). Concurrent calls share one read. */
  refresh(atLeast?: number): Promise<void>;
  api(id: string): Api | undefined;
  eventType(name: string): EventType | undefined;
  group(id: string): Group | undefined;
  subscription(id: string): Subscription | undefined;
  apiKey(id: string): (ApiKey & { hash: Uint8Array }) | undefined;
  /** Subscriptions of any status that are granted and subscribed to this event type. */
  routes(eventType: string): readonly Subscription[];
  /** Whether the group is granted the event type, by its name or by its api. */
  granted(groupId: string, eventType: string): boolean;
}
