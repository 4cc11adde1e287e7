/** The frame of every page. */
import { FAVICON_PATH } from "./favicon.js";
import { html, type Html } from "./html.js";
import { STYLESHEET_PATH } from "./stylesheet.js";

export interface PageContent {
  title: string;
  /** Links at the top. */
  navigation?: Html;
  main: Html;
}

/** The whole document. */
export const framed = ({ title, navigation, main }: PageContent): Html =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Sealpost</title>
<link rel="icon" href="${FAVICON_PATH}" type="image/svg+xml">
<link rel="stylesheet" href="${STYLESHEET_PATH}">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><a class="brand" href="/">Sealpost</a>${navigation && html`<nav aria-label="Main">${navigation}</nav>`}</header>
<main id="main">
${main}
</main>
<footer>Signed, encrypted, durable webhook delivery.</footer>
</body>
</html>
`;
