/**
 * Who made an input, as the payload codec has proved it (src/store/sealing/payload-codec.ts). Whoever reaches Temporal
 * can start a workflow with any input. Only what carries a proof may have something signed and sent.
 *
 * The codec writes the proof into the metadata of a payload that it has opened, and takes away whatever a plain payload
 * claims there. The payload converter hands it on as a property that JSON cannot set.
 */
import { ApplicationFailure, patched, proxyLocalActivities, workflowInfo } from "@temporalio/workflow";
import type { Activities } from "./contract.js";
import type { Proof } from "./proof-of.js";
import { proofOf, UNPROVEN } from "./proof-of.js";

const { recordRefusal } = proxyLocalActivities<Pick<Activities, "recordRefusal">>({
  startToCloseTimeout: "1 minute",
  localRetryThreshold: "10 seconds",
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "10 seconds" },
});

/**
 * Histories that began before inputs had to be proved go on. A marker is written only where one is refused, so it costs
 * nothing otherwise.
 */
const PATCH = "proven-input";
/** Who sent a plain signal cannot be known. */
const ANYBODY = "somebody in Temporal";

/**
 * Whether this input lacks the proof that its workflow asks for. Call it before anything else happens in the workflow.
 * A run whose history began before the recorded cut-off, under code that asked for no proof, goes on.
 */
export function lacksProof(input: unknown, ...allowed: Proof["purpose"][]): boolean {
  const proof = proofOf(input);
  // `legacy`: sealed by a release without purposes, before the recorded cut-off.
  if (proof.purpose === "legacy" || allowed.includes(proof.purpose)) return false;
  if (patched(PATCH)) return true;
  // Without the codec (a replay in a test) nothing says when the cut-off was.
  return proof.purpose === "none" && proof.before !== undefined && workflowInfo().startTime.getTime() >= proof.before;
}

/** Puts the refusal on record and fails the workflow for good. @throws ApplicationFailure `publisher_unproven` */
export async function refuseUnproven(input: unknown): Promise<never> {
  const { workflowType } = workflowInfo();
  await recordRefusal({ workflowType, ...claimOf(proofOf(input)) });
  throw ApplicationFailure.nonRetryable(
    `This start of ${workflowType} does not prove who made it; nothing was sent. Events are started ` +
      "with POST /v1/events, or with sealpost/client and the key of a provider; everything else over " +
      "REST.",
    UNPROVEN,
  );
}

function claimOf(proof: Proof): { purpose: string; by?: string } {
  if (proof.purpose === "publisher") return { purpose: "publisher", by: `key:${proof.keyId}` };
  if (proof.purpose === "operator") return { purpose: "operator", by: proof.actor };
  return { purpose: proof.purpose };
}

/** Whether a process of this service made the message. */
export const isOwn = (message: unknown): boolean => ["internal", "legacy"].includes(proofOf(message).purpose);

/** Whether a signal that changes the pace counts. In runs from before the upgrade they counted unproved. */
export const countsAsOwn = (signal: unknown): boolean => isOwn(signal) || !patched(PATCH);

/**
 * The actor that a signal is put on record under: what our own API says, else who sealed it, whatever the signal
 * claims.
 */
export function actorOf(signal: unknown, claimed: string | undefined): string | undefined {
  if (isOwn(signal)) return claimed;
  return claimOf(proofOf(signal)).by ?? (claimed === undefined ? undefined : ANYBODY);
}
