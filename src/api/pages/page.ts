/** How a page is sent. */
import type { ServerResponse } from "node:http";
import { send } from "../respond.js";
import { PAGE_HEADERS } from "../security-headers.js";
import { framed, type Page } from "./frame.js";

export type { Page } from "./frame.js";
export { wantsPage } from "./negotiate.js";

/** Sends a page. */
export function sendPage(response: ServerResponse, status: number, page: Page, headers: Readonly<Record<string, string>> = PAGE_HEADERS): void {
  send(response, status, framed(page).text, { ...headers, "content-type": "text/html; charset=utf-8" });
}

/** Sends the browser elsewhere, by GET (RFC 9110, 15.4.4). */
export const sendSeeOther = (response: ServerResponse, location: string, cookies: readonly string[] = []): void => {
  if (cookies.length > 0) response.appendHeader("set-cookie", cookies);
  send(response, 303, "", { ...PAGE_HEADERS, location });
};
