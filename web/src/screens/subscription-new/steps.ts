/** The steps of a new subscription, as they stand in the address. */
import { type FrameSearch, frameSearch } from "../../search-parameters.js";

export const STEP_NAMES = ["address", "types", "protection", "filter", "finish"] as const;
export type CreateStep = (typeof STEP_NAMES)[number];

export interface NewSubscriptionSearch extends FrameSearch {
  step?: CreateStep;
  /** The draft that the later steps are about. */
  id?: string;
  /** The event type with which it begins, from the catalogue. */
  type?: string;
}

export function newSubscriptionSearch(given: Record<string, unknown>): NewSubscriptionSearch {
  const step = STEP_NAMES.find((each) => each === given["step"]);
  const { id, type } = given;
  return {
    ...frameSearch(given),
    ...(step && { step }),
    ...(typeof id === "string" && id !== "" && { id }),
    ...(typeof type === "string" && type !== "" && { type }),
  };
}

/** Where the address leads: without a draft no further than to the event types, and there only with a URL. */
export function stepOf({ step = "address", id }: NewSubscriptionSearch, url: string): CreateStep {
  if (id === undefined) return step === "types" && url.trim() !== "" ? "types" : "address";
  // What was made already is changed on its own page.
  return step === "address" || step === "types" ? "protection" : step;
}
