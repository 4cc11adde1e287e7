import { expect, it } from "vitest";
import { maskUrl, maskUrls, partsOfUrl, publicPart } from "../../src/store/url-secrets.js";
import { errorOf } from "../../src/workers/log.js";

it.each([
  ["https://a.example/b/c", "https://a.example/b/c"],
  ["https://a.example/b?token=t", "https://a.example/b?(secret)"],
  ["https://a.example?t", "https://a.example?(secret)"],
  ["https://user:pass@a.example/b?x#y", "https://a.example/b?(secret)"],
  ["https://us@er:p@a.example/b@c", "https://a.example/b@c"],
])("%s is shown as %s", (url, shown) => {
  expect(maskUrl(url)).toBe(shown);
  expect(publicPart(url)).toBe(shown.replace("?(secret)", ""));
});

it("names every secret part, as it is written and as it is meant", () => {
  const parts = partsOfUrl("https://us%40er:p%2Fw@a.example/b?token=a%2Bb&plain&x=1+2");
  for (const part of [
    "token=a%2Bb&plain&x=1+2",
    "a%2Bb",
    "a+b",
    "plain",
    "1+2",
    "1 2",
    "us%40er",
    "us@er",
    "p%2Fw",
    "p/w",
  ])
    expect(parts).toContain(part);
  expect(partsOfUrl("https://a.example/b")).toEqual([]);
  expect(partsOfUrl("no URL")).toEqual([]);
});

it("masks URLs within a text, and in what is logged of an error", () => {
  expect(maskUrls("from https://a.example/?t=1 to mongodb://u:p@b.example/x")).toBe(
    "from https://a.example/?(secret) to mongodb://b.example/x",
  );
  const error = new Error("cannot call https://a.example/?token=canary-1", {
    cause: new Error("nor mongodb://u:canary-2@b.example"),
  });
  expect(JSON.stringify(errorOf(error))).not.toContain("canary");
  expect(errorOf(error)).toMatchObject({ message: "cannot call https://a.example/?(secret)" });
});
