/** The time of an attempt in parts that follow one another. */
import type { Schemas } from "../../api/client.js";

export type Given = Schemas["AttemptTimings"];
export const PARTS = ["waited", "dns", "connect", "tls", "answer", "rest"] as const;
export type Part = (typeof PARTS)[number];

/** The parts one after another, milliseconds. `firstByte` and `total` count from the beginning of the attempt. */
export function partsOf({ waited = 0, dns = 0, connect = 0, tls = 0, firstByte, total }: Given): Record<Part, number> {
  const opened = dns + connect + tls;
  const answered = firstByte ?? total ?? opened;
  return {
    waited,
    dns,
    connect,
    tls,
    answer: Math.max(0, answered - opened),
    rest: Math.max(0, (total ?? answered) - answered),
  };
}
