/**
 * `chat`: sends the messages to chat channels that are due. A worker starts it when there are some, under an id of
 * which only one runs at a time. Mail does not wait for it, and it does not wait for mail.
 */
import { continueAsNew, proxyActivities, setCurrentDetails } from "@temporalio/workflow";
import { isRunFull } from "../run-age.js";
import type { ChatActivities } from "./chat-contract.js";

const { sendChat } = proxyActivities<ChatActivities>({
  startToCloseTimeout: "5 minutes",
  // A worker starts it anew as long as messages are due, so no run waits for days.
  scheduleToCloseTimeout: "1 hour",
  retry: { initialInterval: "5 seconds", backoffCoefficient: 2, maximumInterval: "2 minutes" },
});

/** Ends when nothing more is due. */
export async function chat(): Promise<void> {
  let sent = 0;
  let others = 0;
  for (let more = true; more;) {
    if (isRunFull()) await continueAsNew<typeof chat>();
    const step = await sendChat();
    sent += step.sent;
    others += step.others;
    more = step.more;
    setCurrentDetails(`${sent} messages were sent. ${others} were put off, refused or not wanted.`);
  }
}
