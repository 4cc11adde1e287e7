/** Copying, and calls of the API as a line for a terminal. */
import { t } from "../i18n/index.js";

/** Copies, and tells whether it worked, with the sentence that says so. */
export async function copied(text: string): Promise<{ isCopied: boolean; said: string }> {
  try {
    await navigator.clipboard.writeText(text);
    return { isCopied: true, said: t("act.copied") };
  } catch {
    return { isCopied: false, said: t("act.copyFailed") };
  }
}

/** Copies, and gives the sentence that says whether it worked. */
export const copyText = async (text: string): Promise<string> => (await copied(text)).said;

/** The call as curl, with the key in a variable. Nothing secret is in it. */
export const curlOf = (path: string): string =>
  `curl -s -H "Authorization: Bearer $KEY" '${window.location.origin}${path}'`;
