/** The structured log. Each event, attempt and request has one wide line. It never holds a payload or a secret. */
import { dirname, join } from "node:path";
import { type DestinationStream, type Logger, pino } from "pino";
import { maskUrls } from "../store/url-secrets.js";
import type { Config } from "./config.js";
import { makePrivateDirectory, narrowLog } from "./private-files.js";

export interface ServiceLog {
  log: Logger;
  /** Writes out what is buffered. */
  flush: () => void;
  /** The file that it goes to, for the start lines. Undefined when it goes to the standard output. */
  file: string | undefined;
}

/** Characters that wait for a reader who has stopped, or for room on a full disk. Lines beyond them are dropped. */
const MOST_BUFFERED = 8 * 1024 * 1024;

/** The log of this process. In a terminal it goes to a file, so that the start lines stay readable. */
export function createLog(config: Config, terminal: boolean): ServiceLog {
  const file =
    config.LOG_FILE ?? (terminal && !config.production ? join(config.dataDir, "logs", "sealpost.log") : undefined);
  if (file !== undefined) {
    makePrivateDirectory(dirname(file));
    narrowLog(file);
  }
  // The lines are buffered. Two lines a delivery, written one by one, cost more than the delivery's signature.
  const destination = pino.destination({
    dest: file ?? 1,
    sync: false,
    minLength: 4_096,
    maxLength: MOST_BUFFERED,
    mode: 0o600,
  });
  // A terminal that is gone, or a full disk, must not end the service.
  destination.on("error", () => undefined);
  const flushing = setInterval(() => destination.flush(), 500);
  flushing.unref();
  const log = pino(
    {
      level: config.LOG_LEVEL,
      base: { role: config.ROLE, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorOf },
    },
    destination as DestinationStream,
  );
  return { log, flush: () => destination.flushSync(), file };
}

/**
 * Name, code, message and stack of an error. Our messages hold no payload, but a driver's error object may. URLs in
 * them lose their query and user.
 */
export function errorOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: maskUrls(String(error)).slice(0, 500) };
  const { name, message, stack } = error;
  const code: unknown = "code" in error ? error.code : undefined;
  return {
    name,
    message: maskUrls(message).slice(0, 500),
    ...(code !== undefined && { code }),
    stack: maskUrls(stack ?? ""),
    ...(error.cause instanceof Error && { cause: errorOf(error.cause) }),
  };
}
