/**
 * `notices`: tells what is in the outbox. A worker starts it when something is due there, under an id of which only one
 * runs at a time. It has no input, because the outbox is the input.
 */
import { continueAsNew, proxyActivities, setCurrentDetails } from "@temporalio/workflow";
import { isRunFull } from "../run-age.js";
import type { NoticesActivities } from "./notices-contract.js";

const { tellNotices } = proxyActivities<NoticesActivities>({
  startToCloseTimeout: "2 minutes",
  // A worker starts it anew as long as something is due, so no run waits for days.
  scheduleToCloseTimeout: "1 hour",
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "1 minute" },
});

/** Ends when nothing more is due. */
export async function notices(): Promise<void> {
  let published = 0;
  let others = 0;
  for (let more = true; more;) {
    if (isRunFull()) await continueAsNew<typeof notices>();
    const step = await tellNotices();
    published += step.published;
    others += step.others;
    more = step.more;
    setCurrentDetails(`${published} notices were published as events. ${others} had nobody who takes the event.`);
  }
}
