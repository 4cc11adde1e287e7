import { expect, it } from "vitest";
import { html } from "../../../src/api/pages/html.js";

const HOSTILE = `<script>"&'</script>`;
const ESCAPED = "&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;";

it("text is escaped in elements and in quoted attributes", () => {
  expect(html`<p title="${HOSTILE}">${HOSTILE}</p>`.text).toBe(`<p title="${ESCAPED}">${ESCAPED}</p>`);
});

it("markup that was made the same way is put in as it is, one or many", () => {
  const item = (name: string) => html`<li>${name}</li>`;
  expect(html`<ul>${item("a")}</ul>`.text).toBe("<ul><li>a</li></ul>");
  expect(html`<ul>${["<a>", "b"].map(item)}</ul>`.text).toBe("<ul><li>&lt;a&gt;</li><li>b</li></ul>");
});

it("a number is written, and nothing is nothing", () => {
  expect(html`${0}|${undefined}|${[]}`.text).toBe("0||");
});

it("an entity in a text is a text", () => expect(html`${"&lt;"}`.text).toBe("&amp;lt;"));
