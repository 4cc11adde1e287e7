/** What the stream of the API tells of a delivery. */

export interface Change {
  id: string;
  status: string;
  attemptCount: number;
  lastStatus?: number;
  updatedAt: string;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The data of a `delivery` of the stream. Undefined for anything else. */
export function readChange(text: string): Change | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(data)) return undefined;
  const { id, status, attemptCount, lastStatus, updatedAt } = data;
  if (typeof id !== "string" || typeof status !== "string") return undefined;
  if (typeof attemptCount !== "number" || typeof updatedAt !== "string") return undefined;
  return { id, status, attemptCount, updatedAt, ...(typeof lastStatus === "number" && { lastStatus }) };
}
