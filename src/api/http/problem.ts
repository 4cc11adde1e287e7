/** The problem document, RFC 9457. */
import { z } from "zod";
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
  })
  .meta({ id: "Problem" });
