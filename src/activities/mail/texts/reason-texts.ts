/** The sentences that the service itself writes as a reason, in one language. */
import type { OutcomeCode } from "../../../endpoint/outcomes.js";
import type { SERVICE_REASONS } from "../../../store/notices/service-reasons.js";

/**
 * Sentences with figures in them, as workflows write them in English (src/workflows/breaker, recovery.ts). The
 * groups are the figures.
 */
export const COUNTED_REASONS = {
  none_succeeded: /^None of the last (\d+) attempts succeeded, over (\d+) minutes\.$/,
  few_succeeded: /^(\d+) of the last (\d+) attempts succeeded, within 15 minutes\.$/,
  days_without: /^No attempt has succeeded for (\d+) days?\. The endpoint seems to be gone\.$/,
  recovery_cancelled: /^Cancelled\. (\d+) that were read were not sent; (\d+) that were handed over before go on\.$/,
} as const;

/** A missing one does not compile. */
export interface ReasonTexts {
  /** What became of an attempt. */
  outcomes: Readonly<Record<OutcomeCode, string>>;
  service: Readonly<Record<keyof typeof SERVICE_REASONS, string>>;
  counted: Readonly<Record<keyof typeof COUNTED_REASONS, (...figures: string[]) => string>>;
}
