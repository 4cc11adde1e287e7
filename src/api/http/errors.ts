/** How a request is refused: a code of the table of problems, and the document that tells the client (RFC 9457). */
import { type ProblemCode, PROBLEMS } from "./problem-codes.js";

/** One invalid field. `path` is a JSON path such as `eventTypes[0]`. The message never repeats the value. */
export interface FieldError {
  path: string;
  message: string;
}

/** A place in a text: line and column from 1, offset from 0, in UTF-16 units. */
export interface Position {
  line: number;
  column: number;
  offset: number;
}

/** A refusal on its way to the client. */
export interface Refusal {
  refused: ProblemCode;
  detail?: string;
  errors?: FieldError[];
  /** Stable, where a code has several reasons. */
  reason?: string;
  /** Where in a text the mistake is. */
  position?: Position;
  retryAfterSeconds?: number;
  headers?: Record<string, string>;
}

/** Refuses with a code of the table. `detail` says what is special about this case, without secrets. */
export const refuse = (refused: ProblemCode, detail?: string, more?: Omit<Refusal, "refused" | "detail">): Refusal => ({
  refused,
  ...(detail !== undefined && { detail }),
  ...more,
});

/** A problem document, RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  errors?: FieldError[];
  reason?: string;
  position?: Position;
}

/** The document that tells a client about the refusal. */
export function problemOf({ refused, detail, errors, reason, position }: Refusal): Problem {
  const { status, title, todo } = PROBLEMS[refused];
  return {
    type: `urn:sealpost:problem:${refused}`,
    title,
    status,
    code: refused,
    detail: detail === undefined ? todo : `${detail} ${todo}`,
    ...(errors && { errors }),
    ...(reason !== undefined && { reason }),
    ...(position && { position }),
  };
}

/** Headers that go with the refusal, beside those of every answer. */
export function headersOf({ refused, retryAfterSeconds, headers }: Refusal): Record<string, string> {
  return {
    "content-type": "application/problem+json",
    ...(PROBLEMS[refused].status === 401 && { "www-authenticate": 'Bearer realm="sealpost"' }),
    ...(retryAfterSeconds !== undefined && { "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))) }),
    ...headers,
  };
}
