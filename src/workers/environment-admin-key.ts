/**
 * The form of SEALPOST_ADMIN_KEY: `sp_admin_` and the base64url of 32 random bytes. Everybody who reaches the API may
 * guess it, so a key that a person made up is refused.
 */
import { randomBytes } from "node:crypto";

const FORM = /^sp_admin_([A-Za-z0-9_-]{43})$/;
const KEY_BYTES = 32;
/**
 * 32 random bytes have 30 distinct values on average. Fewer than 16 come by chance less than once in 10^15 keys.
 * `AAAA…`, a repeated word or a counter over few digits has fewer.
 */
const LEAST_DISTINCT = 16;

/** A key of 256 random bits. */
export const newEnvironmentAdminKey = (): string => `sp_admin_${randomBytes(KEY_BYTES).toString("base64url")}`;

/** Whether the value is a key as `newEnvironmentAdminKey` and deploy/make-secrets.sh make it. */
export function isEnvironmentAdminKey(value: string): boolean {
  const encoded = FORM.exec(value)?.[1];
  if (encoded === undefined) return false;
  const bytes = Buffer.from(encoded, "base64url");
  // Base64 has several spellings of the last bits. Only one of them was made.
  return (
    bytes.byteLength === KEY_BYTES && bytes.toString("base64url") === encoded && new Set(bytes).size >= LEAST_DISTINCT
  );
}
