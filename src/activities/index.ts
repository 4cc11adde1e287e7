/** All activities of a worker: `createActivities(dependencies)`. */
import type { Activities } from "../workflows/contract.js";
import type { RecoveryActivities } from "../workflows/recovery/recovery-contract.js";
import { createAttempt } from "./retry-attempts.js";
import type { AttemptDependencies } from "./retry-run.js";
import { createDispatch, type DispatchDependencies } from "./dispatch.js";
import type { RecoverDependencies } from "./recovery-step.js";
import { createRecover } from "./recover.js";

export type ActivityDependencies = DispatchDependencies & AttemptDependencies & RecoverDependencies;

/** The activities, closed over what they need. */
export const createActivities = (dependencies: ActivityDependencies): Activities & RecoveryActivities => ({
  ...createDispatch(dependencies),
  ...createAttempt(dependencies),
  ...createRecover(dependencies),
});
