/** The problem document, RFC 9457. */
import { z } from "zod";
import { TLS_FAULTS } from "../../endpoint/certificates/client-certificate.js";
import { PROBLEMS, type ProblemCode } from "./problem-codes.js";

const codes = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

export const problemView = z
  .object({
    type: z.string().meta({ example: "urn:sealpost:problem:not_found" }),
    title: z.string(),
    status: z.int(),
    code: z
      .enum(codes)
      .meta({
        description: codes
          .map((code) => `- \`${code}\` (${PROBLEMS[code].status}): ${PROBLEMS[code].title}. ${PROBLEMS[code].todo}`)
          .join("\n"),
      }),
    detail: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "The fields at fault" }),
    reason: z
      .string()
      .optional()
      .meta({
        description: "Stable. Why `tls_refused`: " + TLS_FAULTS.map((fault) => `\`${fault}\``).join(", "),
        example: "key_encrypted",
      }),
    position: z
      .object({ line: z.int(), column: z.int(), offset: z.int() })
      .optional()
      .meta({
        description: "Where the mistake of `filter_invalid` is: line and column from 1, offset from 0, in UTF-16 units",
      }),
  })
  .meta({ id: "Problem" });
