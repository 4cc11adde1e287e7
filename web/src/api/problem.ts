/** What goes wrong between the page and the API, always in the form of a problem document (RFC 9457). */

export interface ProblemDocument {
  title: string;
  detail: string;
  code: string;
  status: number;
  errors?: { path: string; message: string }[] | undefined;
}

/** Thrown by `ask`. Branch on `problem.code`. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: ProblemDocument;
  constructor(problem: ProblemDocument) {
    super(problem.code);
    this.problem = problem;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The document, when the body is one. */
export function readProblem(body: unknown, status: number): ProblemDocument | undefined {
  if (!isObject(body)) return undefined;
  const { title, detail, code, errors } = body;
  if (typeof title !== "string" || typeof code !== "string") return undefined;
  return {
    title,
    detail: typeof detail === "string" ? detail : "",
    code,
    status,
    errors: Array.isArray(errors) ? errors.flatMap(readFault) : undefined,
  };
}

function readFault(fault: unknown): { path: string; message: string }[] {
  if (!isObject(fault) || typeof fault["path"] !== "string" || typeof fault["message"] !== "string") return [];
  return [{ path: fault["path"], message: fault["message"] }];
}

/** The problem of whatever was thrown. A fault of the page itself has the code `page_failed`. */
export const problemOf = (error: unknown): ProblemDocument =>
  error instanceof ProblemError ? error.problem : { title: "", detail: "", code: "page_failed", status: 0 };

/** Whether the person has to log in again. */
export const isSessionEnded = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.status === 401;

/** Whether somebody changed the thing since the page read it. The page shows what they changed and keeps the input. */
export const isChangedMeanwhile = (error: unknown): boolean => problemOf(error).code === "changed_meanwhile";

/** Whether a cursor in the address is forged, foreign or old. */
export const isCursorRefused = ({ status, errors }: ProblemDocument): boolean =>
  status === 400 && errors?.some(({ path }) => path === "query.cursor") === true;
