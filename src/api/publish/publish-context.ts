/** What the routes that take events need: the same for each form of an event. */
import type { RequestContext } from "../route.js";

export type PublishContext = RequestContext<"catalogue" | "publisher" | "settings" | "payloadCheck">;
