/**
 * `deliverEvent`: sends one or many events to all their subscriptions. What needs time is handed to `retryDelivery`.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  ParentClosePolicy,
  proxyLocalActivities,
  startChild,
  workflowInfo,
} from "@temporalio/workflow";
import {
  type Activities,
  type AcceptedEventsInput,
  type DeliverPageInput,
  type DispatchResult,
  formerRetryWorkflowId,
  MAX_EVENTS_PER_WORKFLOW,
  type RetryDeliveryInput,
  retryWorkflowId,
  WORKFLOW,
} from "./contract.js";
import { mayHaveRun } from "./may-have-run.js";
import { PackedInput } from "./payload-converter.js";
import { lacksProof, refuseUnproven } from "./proof.js";
import { proofOf, UNPROVEN } from "./proof-of.js";
import { subscriptionsOf } from "./retry/lanes.js";
import { mostUrgent, searchAttributesOf } from "./search-attributes.js";

/** Own failures (store, keys) only delay: a dispatch is tried again without end. */
const { dispatch, dispatchPacked, dispatchPage } = proxyLocalActivities<
  Pick<Activities, "dispatch" | "dispatchPacked" | "dispatchPage">
>({
  startToCloseTimeout: "2 minutes",
  localRetryThreshold: "10 seconds",
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "10 seconds" },
});

const isRerun = (): boolean => {
  const { historyLength, unsafe } = workflowInfo();
  return mayHaveRun({ historyLength, isReplaying: unsafe.isReplaying });
};

/**
 * @throws ApplicationFailure `publisher_unproven`, `input_invalid`, `event_type_unknown`: not retryable, nothing was
 * sent
 */
export async function deliverEvent(input: AcceptedEventsInput | PackedInput): Promise<void> {
  // No input at all can prove nothing, and there is nothing to send.
  if (input === undefined || input === null) return checkInput(input);
  if (lacksProof(input, "internal", "publisher")) return refuseUnproven(input);
  // Packed inputs come from our own API, which has checked them. The codec takes the mark away from everybody else's.
  if (input instanceof PackedInput) return handOver(await dispatchPacked(input, { rerun: isRerun() }));
  checkInput(input);
  const proof = proofOf(input);
  if (proof.purpose !== "publisher")
    return handOver(await dispatch({ ...input, rerun: input.rerun === true || isRerun() }));
  await handOver(await dispatch({ events: input.events, rerun: isRerun(), publisher: proof }).catch(refusalItself));
}

/**
 * A publisher's key that may not publish these types fails the workflow in the same form as an input without a proof.
 */
function refusalItself(error: unknown): never {
  const { cause } = error instanceof ActivityFailure ? error : {};
  throw cause instanceof ApplicationFailure && cause.type === UNPROVEN
    ? ApplicationFailure.nonRetryable(cause.message, UNPROVEN)
    : error;
}

/** One page of a wide fan-out. */
export async function deliverPage(input: DeliverPageInput): Promise<void> {
  if (lacksProof(input, "internal")) return refuseUnproven(input);
  await handOver(await dispatchPage({ ...input, rerun: isRerun() }));
}

/** What the dispatch has not settled goes on in one workflow, whatever number of subscriptions it concerns. */
async function handOver({ retries, handOver: rest, pages = [] }: DispatchResult): Promise<void> {
  const { workflowId } = workflowInfo();
  await Promise.all([
    ...pages.map((page, index) =>
      startChild(WORKFLOW.deliverPage, {
        args: [page],
        workflowId: `page/${workflowId}/${index}`,
        parentClosePolicy: ParentClosePolicy.ABANDON,
      }),
    ),
    ...retries.map((retry) => startRetry(retry, formerRetryWorkflowId(workflowId, retry.subscriptionId))),
    ...(rest ? [startRetry(rest, retryWorkflowId(workflowId))] : []),
  ]);
}

/** Starts a `retryDelivery` and waits only until it has begun. */
export async function startRetry(retry: RetryDeliveryInput, workflowId: string): Promise<void> {
  await startChild(WORKFLOW.retryDelivery, {
    args: [retry],
    workflowId,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    typedSearchAttributes: searchAttributesOf(mostUrgent(subscriptionsOf(retry))),
    ...(retry.summary !== undefined && { staticSummary: retry.summary }),
  });
}

function checkInput(input: AcceptedEventsInput | null | undefined): void {
  const events: unknown = input?.events;
  if (!input || !Array.isArray(events) || events.length === 0)
    return invalid("The input needs `events`, a list with at least one event.");
  if (input.events.length > MAX_EVENTS_PER_WORKFLOW)
    invalid(`One workflow takes at most ${MAX_EVENTS_PER_WORKFLOW} events; this input has ${input.events.length}.`);
  input.events.forEach((event, index) => {
    const complete = [event?.id, event?.type, event?.contentType, event?.sha256].every(
      (text) => typeof text === "string" && text !== "",
    );
    if (!complete || typeof event.acceptedAt !== "number" || typeof event.body !== "object") {
      invalid(
        `events[${index}] needs id, type, contentType, sha256, acceptedAt and body: make it with ` +
          "publishedEvent() of sealpost/client.",
      );
    }
  });
}

function invalid(message: string): never {
  throw ApplicationFailure.nonRetryable(message, "input_invalid");
}
