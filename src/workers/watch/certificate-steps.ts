/** When the end of a certificate is told: 30, 14, 7 and 1 days before, and after it. */
import type { Notice } from "../../store/notices/notice.js";
import { DAY_MS } from "../../workflows/durations.js";

const STEPS = [1, 7, 14, 30] as const;

/** The step that is reached, in days. 0 after the end, and undefined when there is time. */
export function certificateStep(end: Date, now: Date): number | undefined {
  const days = (end.getTime() - now.getTime()) / DAY_MS;
  return days <= 0 ? 0 : STEPS.find((each) => days <= each);
}

/** A certificate that ended longer ago is not told any more: its notice may be forgotten by now. */
const TOLD_AFTER_END_MS = 7 * DAY_MS;

/** The notice of a step. Undefined when there is nothing to tell. The same step has the same id. */
export function certificateNotice(
  certificate: "client" | "ca" | "saml",
  of: Pick<Notice, "groupId" | "subscriptionId" | "subject">,
  { end, now }: { end: Date; now: Date },
): Notice | undefined {
  const step = certificateStep(end, now);
  if (step === undefined || now.getTime() - end.getTime() > TOLD_AFTER_END_MS) return undefined;
  return {
    id: `certificate/${of.subscriptionId ?? of.subject ?? ""}/${certificate}/${end.getTime()}/${step}`,
    kind: "certificate.expiring",
    at: now,
    ...of,
    detail: {
      certificate,
      endsAt: end.toISOString(),
      days: Math.max(0, Math.floor((end.getTime() - now.getTime()) / DAY_MS)),
    },
  };
}
