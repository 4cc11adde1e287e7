/** What goes with the acts on a subscription. */
import { z } from "zod";
import { text } from "../http/primitives.js";

const reason = text(500).meta({ description: "Recorded with the subscription and in the audit. The consumer sees it" });

export const optionalReason = z.strictObject({ reason: reason.optional() }).meta({ id: "OptionalReason" });
export const neededReason = z.strictObject({ reason }).meta({ id: "Reason" });
export const activation = z
  .strictObject({
    reason: reason.optional(),
    activate: z.boolean().optional().meta({ description: "Also put it into service" }),
  })
  .meta({ id: "Approval" });
export const verification = z
  .strictObject({
    method: z.enum(["challenge", "cloudevents"]).optional().meta({ description: "`challenge` when absent" }),
  })
  .meta({ id: "VerificationMethod" });
