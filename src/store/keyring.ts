/** Data keys: one per scope, wrapped by a master key. Implementation in sealing.ts and keyring.ts. */

/** Whose data a key seals: `api/<id>`, `group/<id>`, `temporal/<yyyy-mm-dd>`, `system`. */
export type KeyScope = `api/${string}` | `group/${string}` | `temporal/${string}` | "system";

/** Bound into every ciphertext as additional data: a ciphertext moved elsewhere does not open. */
export interface SealContext {
  collection: string;
  id: string;
  field: string;
  owner: string;
}

export interface Keyring {
  /** The active data key of the scope, made and stored when there is none. */
  scope(scope: KeyScope): Promise<DataKey>;
  /** The data key that sealed these bytes. Throws StoreError `key_unknown`, `key_destroyed` or `sealed_data_invalid`. */
  forSealed(sealed: Uint8Array): Promise<DataKey>;
  /** Destroys every data key of the scope: what it sealed is erased, backups included. */
  destroy(scope: KeyScope): Promise<void>;
}

export interface DataKey {
  id: string;
  seal(context: SealContext, plaintext: Uint8Array): Uint8Array;
  /** Throws StoreError `sealed_data_invalid`. */
  open(context: SealContext, sealed: Uint8Array): Uint8Array;
}
