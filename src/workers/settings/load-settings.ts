/** The settings of how much a process does at once. They are part of settings.ts. */
import { z } from "zod";
import { setting, whole } from "./setting.js";

export const LOAD_SETTINGS = {
  PUBLISH_BATCH_MAX: setting({
    schema: whole(1, 500),
    default: "500",
    meaning: "Most events in one workflow. 1 gives strictly one workflow per event",
  }),
  PUBLISH_BACKLOG_MAX: setting({
    schema: whole(1, 100_000),
    default: "10000",
    meaning:
      "Most accepted events of one process whose workflow is not started yet. Beyond it publishes wait, and are " +
      "answered with 503 after 4.5 s",
  }),
  FIRST_ATTEMPT: setting({
    schema: z.enum(["early", "workflow"]),
    default: "early",
    meaning:
      "`early`: with ROLE=all the first attempt of an event leaves right after its 202. `workflow`: every attempt is " +
      "made by the activities of its workflow",
  }),
  PUBLISH_STARTS_IN_FLIGHT: setting({
    schema: whole(1, 64),
    default: "1",
    meaning:
      "Most workflow starts under way at once. Events that are committed meanwhile go out together in the next start",
  }),
  PUBLISH_DISPATCHES_IN_FLIGHT: setting({
    schema: whole(1, 64),
    default: "3",
    meaning: "Most batches that are not yet dispatched. It counts only where the worker is in the same " + "process",
  }),
  DISPATCHES_IN_FLIGHT: setting({
    schema: whole(1, 40),
    default: "8",
    meaning:
      "Most dispatches of one process under way at once: each reads, signs and sends up to 1,000 deliveries. One of " +
      "which only slow attempts are left does not count. Past it dispatches wait, oldest event first",
  }),
  ATTEMPTS_IN_FLIGHT: setting({
    schema: whole(1, 16_384),
    default: "1024",
    meaning:
      "Most attempts of one process under way at once, at most 32 of them to one endpoint. Endpoints that are slow " +
      "or fail get at most half together. Past it attempts wait, oldest event first",
  }),
  STORE_CALLS_IN_FLIGHT: setting({
    schema: whole(4, 1_000),
    default: "64",
    meaning:
      "Most calls of one process to MongoDB under way at once. Past it calls wait in turn, and one whose time is " +
      "over is given up unsent. A sixteenth is kept for publishes, and lists get at most an eighth",
  }),
} as const;
