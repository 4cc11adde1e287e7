/**
 * `mail`: sends the mail that is due. A worker starts it when there is some, under an id of which only one runs at a
 * time. While the mail server is away, its activity is tried again, and nothing else waits for it.
 */
import { continueAsNew, proxyActivities, setCurrentDetails } from "@temporalio/workflow";
import { isRunFull } from "../run-age.js";
import type { MailActivities } from "./mail-contract.js";

const { sendMail } = proxyActivities<MailActivities>({
  startToCloseTimeout: "5 minutes",
  // A worker starts it anew as long as mail is due, so no run waits for days.
  scheduleToCloseTimeout: "1 hour",
  retry: { initialInterval: "5 seconds", backoffCoefficient: 2, maximumInterval: "2 minutes" },
});

/** Ends when nothing more is due. */
export async function mail(): Promise<void> {
  let sent = 0;
  let others = 0;
  for (let more = true; more;) {
    if (isRunFull()) await continueAsNew<typeof mail>();
    const step = await sendMail();
    sent += step.sent;
    others += step.others;
    more = step.more;
    setCurrentDetails(`${sent} mails were sent. ${others} were put off, refused or not wanted.`);
  }
}
