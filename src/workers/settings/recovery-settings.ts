/** The settings of recoveries and of decisions that need a second person. They are part of settings.ts. */
import { z } from "zod";
import { setting, whole } from "./setting.js";

export const RECOVERY_SETTINGS = {
  SEALPOST_TWO_PERSON: setting({
    schema: z.enum(["on", "off"]).transform((value) => value === "on"),
    default: "on",
    meaning:
      "`on`: nobody decides about what they asked for themselves, and a wide recovery waits until a second person " +
      "releases it. `off` is for a team of one",
  }),
  RECOVERY_RELEASE_ABOVE: setting({
    schema: whole(0, 1_000_000),
    default: "10000",
    meaning:
      "Deliveries above which a recovery of more than one group waits for a second person. " +
      "It counts with SEALPOST_TWO_PERSON only",
  }),
  RECOVERY_MOST: setting({
    schema: whole(1, 1_000_000),
    default: "1000000",
    meaning: "Most deliveries of one recovery. A filter that names more is refused",
  }),
} as const;
