/** Why no engine could be provided. */
export type EngineErrorCode = "missing_tool" | "data_dir_unwritable" | "data_dir_in_use" | "port_in_use" | "engine_failed";

/** An engine could not be provided; the message is one sentence that names the key, port or directory and the way out. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  constructor(code: EngineErrorCode, message: string) {
    super(message);
    this.name = "EngineError";
    this.code = code;
  }
}
