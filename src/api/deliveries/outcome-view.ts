/** What the table of outcomes says of an attempt: no content, so everybody who sees the delivery sees it. */
import { z } from "zod";
import { type Fault, FAULTS } from "../../endpoint/outcome-row.js";
import { type OutcomeCode, OUTCOMES } from "../../endpoint/outcomes.js";

/** Members of an attempt. */
export const outcomeFields = {
  explanation: z.string().optional().meta({ description: "What happened, in one sentence" }),
  fault: z
    .enum(FAULTS)
    .optional()
    .meta({
      description:
        "Who can end it. `endpoint`: whoever runs the endpoint. `settings`: whoever keeps the subscription's " +
        "settings. `ours`: we. `nobody`: nothing is wrong",
    }),
  advice: z.string().optional().meta({ description: "What to do about it" }),
};

interface OutcomeFacts {
  explanation?: string;
  fault?: Fault;
  advice?: string;
}

/** Nothing for a code that this release does not know: another release recorded it. */
export function outcomeFacts(outcome: string): OutcomeFacts {
  if (!isKnown(outcome)) return {};
  const row = OUTCOMES[outcome];
  return { explanation: row.explanation, fault: row.fault, ...(row.hint !== "" && { advice: row.hint }) };
}

const isKnown = (outcome: string): outcome is OutcomeCode => Object.hasOwn(OUTCOMES, outcome);
