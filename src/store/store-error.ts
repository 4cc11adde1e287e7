/** The store's failures that callers branch on. */

/** A failure of the store that callers branch on. */
export class StoreError extends Error {
  /**
   * `duplicate`: the id exists. `unavailable`: try again later. `key_unknown`: no data key or master key of that id
   * here. `key_destroyed`: the data is erased. `sealed_data_invalid`: changed, cut or moved. `cursor_invalid`: a list
   * cursor that was not made here. `grants_broken`: what vouches for rows that grant power was changed.
   * `settings_invalid`: the message names the setting. `unproven`: no process of this service made it. `scan_too_long`:
   * the embedded engine reads everything for a list.
   */
  readonly code:
    | "duplicate"
    | "unproven"
    | "unavailable"
    | "scan_too_long"
    | "key_unknown"
    | "key_destroyed"
    | "sealed_data_invalid"
    | "grants_broken"
    | "cursor_invalid"
    | "settings_invalid";
  constructor(code: StoreError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}
