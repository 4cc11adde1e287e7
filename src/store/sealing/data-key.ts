/** A data key: the scope whose data it seals, and the context that is bound into each ciphertext. */

/** The scope of a key: `api/<id>`, `group/<id>`, `temporal/<yyyy-mm-dd>`, `person/<id>` or `system`. */
export type KeyScope = `api/${string}` | `group/${string}` | `temporal/${string}` | `person/${string}` | "system";

/** Bound into every ciphertext as additional data, so that a ciphertext that was moved elsewhere cannot be opened. */
export interface SealContext {
  collection: string;
  id: string;
  field: string;
  owner: string;
}

export interface DataKey {
  id: string;
  seal(context: SealContext, plaintext: Uint8Array): Uint8Array;
  /** Throws StoreError `sealed_data_invalid`. */
  open(context: SealContext, sealed: Uint8Array): Uint8Array;
}
