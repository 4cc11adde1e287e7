/** The log as the store sees it. */
import type { Logger } from "pino";

/** The part of the structured log that the store writes to. It logs only ids and never values. */
export type StoreLog = Pick<Logger, "info" | "warn">;
