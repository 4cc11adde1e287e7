/** What the Temporal UI shows of a breaker as *Current Details*. Markdown, without payload, URL or secret. */
import type { BreakerState } from "./breaker-contract.js";

const at = (ms: number): string => new Date(ms).toISOString();

/** Some sentences for the operator. */
export function describeBreaker({ phase, drain }: BreakerState): string {
  switch (phase.kind) {
    case "closed":
      return drain
        ? "**Healthy.** What waited for the endpoint is being sent, the oldest first."
        : phase.degraded === undefined
          ? "**Healthy.** Some attempts have failed lately, so every worker reports what it sees."
          : `**Degraded.** ${phase.degraded} Nothing waits because of it.`;
    case "open":
      return (
        `**Failing** since ${at(phase.openedAt)}. ${phase.reason} Deliveries wait and spend no attempts.\n\n` +
        (phase.nextProbeAt === undefined
          ? "No delivery waits, so the next one tries the endpoint."
          : `The next delivery tries the endpoint at ${at(phase.nextProbeAt)}.`) +
        ` Tried ${phase.probes} times, ${phase.successes} of 3 successes.\n\n` +
        "**What to do:** the endpoint has to be mended. The signal `probe` tries it now."
      );
    case "recovering":
      return "**Recovering.** The endpoint answers again. What waited is sent slowly at first, the oldest first.";
    case "disabled":
      return `**Disabled.** ${phase.reason}`;
  }
}
