import { expect, it } from "vitest";
import { wantsPage } from "../../../src/api/pages/negotiate.js";

const CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

it.each<[string, Record<string, string>, boolean]>([
  ["a browser that navigates", { accept: CHROMIUM, "sec-fetch-mode": "navigate" }, true],
  ["a browser without Fetch Metadata", { accept: CHROMIUM }, true],
  ["a script of a page", { accept: CHROMIUM, "sec-fetch-mode": "cors" }, false],
  ["a program that says nothing", {}, false],
  ["a program that takes everything", { accept: "*/*" }, false],
  ["a program that takes JSON", { accept: "application/json" }, false],
  ["a client that prefers JSON to HTML", { accept: "application/json, text/html;q=0.9" }, false],
  ["a client that prefers HTML to JSON", { accept: "application/json;q=0.5, text/html" }, true],
  ["a client that takes any text", { accept: "text/*" }, true],
  ["a client that refuses HTML", { accept: "text/html;q=0, application/json" }, false],
])("%s", (_who, headers, page) => expect(wantsPage({ headers })).toBe(page));
