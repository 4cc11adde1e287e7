/** Why no engine could be provided. */
export type EngineErrorCode =
  | "missing_tool"
  | "cache_dir_unwritable"
  | "data_dir_unwritable"
  | "data_dir_in_use"
  | "port_in_use"
  | "engine_failed"
  | "stopped";

/** Throws when the start is to be given up. */
export function refuseIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineError("stopped", "The start was stopped before the engines answered.");
}

/**
 * An engine could not be provided. The message is one sentence that names the key, port or directory and says what to
 * do.
 */
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  constructor(code: EngineErrorCode, message: string) {
    super(message);
    this.name = "EngineError";
    this.code = code;
  }
}
