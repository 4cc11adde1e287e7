/** The text of a SAML message, out of the form field or the query that it comes in (SAML 2.0 bindings, 3.4 and 3.5). */

/** Base64 may come in lines. */
export const withoutLineBreaks = (field: string): string => field.replaceAll(/[\t\n\r ]/g, "");

/** Base64 as in RFC 4648. Undefined for anything else: Node would silently drop characters that do not belong there. */
export function bytesOfBase64(base64: string): Buffer | undefined {
  if (base64 === "" || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64, "base64");
}

/**
 * Blank lines before the declaration are the commonest mistake in templates. They were never part of what was signed.
 * @throws TypeError if the bytes are not UTF-8
 */
export const messageText = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: true }).decode(bytes).trimStart();
