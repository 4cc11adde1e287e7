/** The store's failures that callers branch on. */

/** A failure of the store that callers branch on. */
export class StoreError extends Error {
  /**
   * `duplicate`: the id exists. `unavailable`: try again later. `key_unknown`: this process has no data key or master
   * key with that id. `key_destroyed`: the data is erased. `sealed_data_invalid`: the data was changed, shortened or
   * moved. `cursor_invalid`: the cursor of a list was not made here. `grants_broken`: the ledger or the keys that
   * protect rows that grant power were changed. `settings_invalid`: the message names the setting. `unproven`: no
   * process of this service made it. `scan_too_long`: the embedded engine reads everything for a list, and this one
   * took too long. `held`: a legal hold forbids the erasure.
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
    | "settings_invalid"
    | "held";
  constructor(code: StoreError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}
