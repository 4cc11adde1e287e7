/** A data key: whose data it seals, and what is bound into each ciphertext. */

/** Whose data a key seals: `api/<id>`, `group/<id>`, `temporal/<yyyy-mm-dd>`, `person/<id>`, `system`. */
export type KeyScope = `api/${string}` | `group/${string}` | `temporal/${string}` | `person/${string}` | "system";

/** Bound into every ciphertext as additional data: a ciphertext moved elsewhere does not open. */
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
