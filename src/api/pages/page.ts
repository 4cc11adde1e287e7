/** How a page is sent. */
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { send } from "../http/respond.js";
import { PAGE_HEADERS, postFormHeaders } from "../http/security-headers.js";
import { framed, type PageContent } from "./frame.js";
import { onwardPage, postFormPage } from "./onward.js";

export type { PageContent as Page } from "./frame.js";
export { wantsPage } from "./negotiate.js";

/** Where the browser goes: by GET, or with fields by POST. */
interface Onward {
  url: string;
  fields?: Readonly<Record<string, string>>;
}

/** Sends a page. */
export function sendPage(
  response: ServerResponse,
  status: number,
  page: PageContent,
  headers: Readonly<Record<string, string>> = PAGE_HEADERS,
): void {
  send(response, status, framed(page).text, { ...headers, "content-type": "text/html; charset=utf-8" });
}

/** Sends the browser elsewhere, by GET (RFC 9110, 15.4.4). */
export const sendSeeOther = (response: ServerResponse, location: string, cookies: readonly string[] = []): void => {
  if (cookies.length > 0) response.appendHeader("set-cookie", cookies);
  send(response, 303, "", { ...PAGE_HEADERS, location });
};

/**
 * Sends the browser on to another site after a form was sent here: by a form that posts itself, or by GET. A GET is a
 * page with a Refresh header and not a redirect. Browsers hold every redirect of a form against the `form-action` of
 * the page that it was on.
 */
export function sendOn(
  response: ServerResponse,
  { url, fields }: Onward,
  title: string,
  cookies: readonly string[] = [],
): void {
  if (cookies.length > 0) response.appendHeader("set-cookie", cookies);
  if (!fields)
    return sendPage(response, 200, onwardPage({ url, title }), { ...PAGE_HEADERS, refresh: `0; url=${url}` });
  const nonce = randomBytes(16).toString("base64");
  sendPage(response, 200, postFormPage({ url, fields, title, nonce }), postFormHeaders(new URL(url).origin, nonce));
}
