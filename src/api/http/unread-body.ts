/** Bodies that are not read. A request that is refused by its headers alone must not cost the reading of 16 MiB. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** As much is read and thrown away, so that the connection can be used again. */
const WORTH_READING_BYTES = 64 * 1024;
/** So long a client that is still sending may take to see its answer and to close, before the connection is cut. */
const LINGER_MS = 1_000;

const begun = new WeakSet<IncomingMessage>();
const continuing = new WeakMap<IncomingMessage, () => void>();

/** The client waits to be told to send its body (RFC 9110, 10.1.1). */
export const expectsContinue = (request: IncomingMessage, response: ServerResponse): void =>
  void continuing.set(request, () => response.writeContinue());

/** The body is read from here on. */
export function beginBody(request: IncomingMessage): void {
  begun.add(request);
  continuing.get(request)?.();
}

/** Whether the client sends more than is worth reading, and no handler reads it. */
export function isBodyUnread(request: IncomingMessage): boolean {
  if (begun.has(request) || request.complete) return false;
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  return encoding !== undefined || Number(length ?? 0) > WORTH_READING_BYTES;
}

/**
 * Ends an answer whose head said `connection: close` and gave its length, without reading what still comes. Ended as
 * usual, Node would read the body to its end first, or reset the connection before the client has seen the answer.
 */
export function endUnread(response: ServerResponse, body: string | Buffer): void {
  response.write(body);
  const { socket } = response;
  const timer = setTimeout(() => socket?.destroy(), LINGER_MS);
  socket?.once("close", () => clearTimeout(timer));
}
