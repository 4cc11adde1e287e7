/** The frame of every page, and how one is sent. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { send } from "../respond.js";
import { PAGE_HEADERS } from "../security-headers.js";
import { html, type Html } from "./html.js";
import { STYLESHEET_PATH } from "./stylesheet.js";

export interface Page {
  title: string;
  /** Links at the top. */
  navigation?: Html;
  main: Html;
}

const framed = ({ title, navigation, main }: Page): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Sealpost</title>
<link rel="stylesheet" href="${STYLESHEET_PATH}">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><a class="brand" href="/account">Sealpost</a>${navigation && html`<nav aria-label="Main">${navigation}</nav>`}</header>
<main id="main">
${main}
</main>
<footer>Signed, encrypted, durable webhook delivery.</footer>
</body>
</html>
`;

/** Sends a page. */
export function sendPage(response: ServerResponse, status: number, page: Page, headers: Readonly<Record<string, string>> = PAGE_HEADERS): void {
  send(response, status, framed(page).text, { ...headers, "content-type": "text/html; charset=utf-8" });
}

/** Sends the browser elsewhere, by GET (RFC 9110, 15.4.4). */
export const sendSeeOther = (response: ServerResponse, location: string, cookies: readonly string[] = []): void => {
  if (cookies.length > 0) response.appendHeader("set-cookie", cookies);
  send(response, 303, "", { ...PAGE_HEADERS, location });
};

/** Whether a person reads the answer: a browser that navigates asks for HTML, a program does not. */
export const wantsPage = ({ headers }: Pick<IncomingMessage, "headers">): boolean => headers.accept?.includes("text/html") ?? false;
