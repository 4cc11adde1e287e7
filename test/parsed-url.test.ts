import { expect, it } from "vitest";
import { checkUrl } from "../src/endpoint/target/target-url.js";
import { parsedUrl } from "../src/parsed-url.js";
import { partsOfUrl } from "../src/store/url-secrets.js";

const FOREIGN = "https://bücher.com/in?token=s3cret";
/** `URL.canParse` of Node 20 changes its mind after some 6,700 calls. */
const CALLS = 20_000;

it("a URL is read, and what is none is not", () => {
  expect(parsedUrl(FOREIGN)?.host).toBe("xn--bcher-kva.com");
  expect(parsedUrl("not a url")).toBeUndefined();
  expect(parsedUrl("https://")).toBeUndefined();
});

it.each([
  ["read", () => parsedUrl(FOREIGN) !== undefined],
  [
    "taken as a target",
    () => checkUrl(FOREIGN, { allowLocal: false, ports: [443], alwaysAllowed: new Set<string>() }).ok,
  ],
  ["searched for its secrets", () => partsOfUrl(FOREIGN).includes("s3cret")],
])("a URL with a foreign letter is %s the first time and each time after", (_what, works) => {
  const failed = Array.from({ length: CALLS }, works).filter((ok) => !ok).length;
  expect(failed).toBe(0);
});
