/** Pages that take the browser on to an identity provider with a SAML message. */
import { html } from "./html.js";
import type { PageContent } from "./frame.js";

export interface PostForm {
  url: string;
  fields: Readonly<Record<string, string>>;
  title: string;
  /** Under which the page's one script is allowed (Content Security Policy 3, 2.3.1). */
  nonce: string;
}

/** By HTTP-POST: the form sends itself, or by its button where scripts are off. */
export const postFormPage = ({ url, fields, title, nonce }: PostForm): PageContent => ({
  title,
  main: html`<div class="card">
<h1>${title}</h1>
<p class="quiet">You are being taken to your identity provider. If nothing happens, press the button.</p>
<form id="message" method="post" action="${url}">
${Object.entries(fields).map(
  ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">
`,
)}<button>Continue</button>
</form>
<script nonce="${nonce}">document.getElementById("message").submit();</script>
</div>`,
});

/** By HTTP-Redirect: a Refresh header leads on, or the link where that is off. */
export const onwardPage = ({ url, title }: Pick<PostForm, "url" | "title">): PageContent => ({
  title,
  main: html`<div class="card">
<h1>${title}</h1>
<p class="quiet">You are being taken to your identity provider. If nothing happens, follow the link.</p>
<p><a class="button" href="${url}">Continue</a></p>
</div>`,
});
