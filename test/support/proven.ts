/**
 * For workers without the service's codec: everything counts as made by the service itself, so that a test may start
 * any workflow.
 */
import type { DataConverter, Payload } from "@temporalio/common";
import { PROOF_METADATA, writeProof } from "../../src/workflows/proof-of.js";

const INTERNAL = writeProof({ purpose: "internal" });

/** Payloads stay plain in the engine, as in the recorded histories. */
export const provenConverter: DataConverter = {
  payloadCodecs: [
    {
      encode: async (payloads: Payload[]) => payloads,
      decode: async (payloads: Payload[]) =>
        payloads.map(({ metadata, data }) => ({
          metadata: { ...metadata, [PROOF_METADATA]: INTERNAL },
          ...(data && { data }),
        })),
    },
  ],
};
