/** The name of a worker, as the engine and the Temporal UI show it. */
import { hostname } from "node:os";

/** Stands in the identity of every worker that adopts attempts which left before the workflow was started. */
export const ADOPTS_EARLY = "sealpost-protocol-2";

/** Stands in the identity of every worker that runs a `retryDelivery` of several subscriptions. */
export const SHARES_RETRIES = "sealpost-protocol-3";

/** The identity of the worker of this process. */
export const workerIdentity = (): string => `${process.pid}@${hostname()} ${ADOPTS_EARLY} ${SHARES_RETRIES}`;
