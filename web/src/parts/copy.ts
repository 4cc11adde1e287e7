/** Copying, and calls of the API as a line for a terminal. */
import { t } from "../i18n/index.js";

/** Copies, and gives the sentence that says whether it worked. */
export async function copyText(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return t("act.copied");
  } catch {
    return t("act.copyFailed");
  }
}

/** The call as curl, with the key in a variable. Nothing secret is in it. */
export const curlOf = (path: string): string =>
  `curl -s -H "Authorization: Bearer $KEY" '${window.location.origin}${path}'`;
