import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fittingReceivers, receiversOf } from "../../../../web/src/screens/subscription-new/receivers.js";

const read = (name: string): string =>
  readFileSync(new URL(`../../../../docs/how-to/${name}.md`, import.meta.url), "utf8");
const page = read("receive-and-verify");
const withKeys = receiversOf(read("verify-with-public-keys"));
const receivers = receiversOf(page);

test("every program of the page is there, with the commands that run it", () => {
  const names = [...page.matchAll(/^```(?!sh)\S+ (\S+)\n/gm)].map(([, name]) => name);
  expect(receivers.flatMap(({ files }) => files.map(({ name }) => name))).toEqual(names);
  expect(receivers.map(({ language }) => language)).toEqual(
    expect.arrayContaining(["JavaScript", "Python", "Go", "Java", "C#", "PHP", "Ruby", "Rust"]),
  );
  for (const { language, commands } of receivers) expect(commands, language).not.toBe("");
});

test("every program answers the verification, and holds no secret of its own", () => {
  for (const { language, files } of receivers) {
    const text = files.map((file) => file.text).join("\n");
    expect(text, language).toContain("sealpost.verification");
    expect(text, language).toContain("WEBHOOK_SECRET");
    expect(text, language).not.toContain("whsec_");
  }
});

const to = (signing: Parameters<typeof fittingReceivers>[1]["signing"]) =>
  fittingReceivers(
    { withSecret: receivers, withKeys },
    { id: "sub_1", url: "https://acme.example/it's?a=1", signing },
    "https://sealpost.example",
  );
const languages = (of: ReturnType<typeof to>): string[] => of.map(({ language }) => language);

test.each([
  ["v1", undefined, languages(receivers)],
  ["v1a", undefined, ["v1a in JavaScript", "v1a in Python"]],
  ["rfc9421", undefined, ["rfc9421 in Python"]],
  ["rfc9421", { alg: "hmac-sha256" }, []],
] as const)("signatures of %s with %o are read by programs that take them", (scheme, rfc9421, expected) => {
  expect(languages(to({ schemes: [scheme], ...(rfc9421 && { rfc9421 }) }))).toEqual(expected);
});

test("with several signatures any of their programs will do, the usual ones first", () => {
  expect(languages(to({ schemes: ["v1", "rfc9421"] }))).toEqual([...languages(receivers), "rfc9421 in Python"]);
});

test("programs for public keys begin with where these are, as one word of a shell each", () => {
  for (const { commands } of to({ schemes: ["v1a"] }))
    expect(commands.split("\n")[0]?.split(" ")).toEqual([
      "export",
      "JWKS_URL='https://sealpost.example/jwks/sub_1'",
      String.raw`WEBHOOK_URL='https://acme.example/it'\''s?a=1'`,
      "PORT=9000",
    ]);
});

test("a page without programs gives none", () => {
  expect(receiversOf("# Title\n\n## Section\n\n```\nplain\n```\n")).toEqual([]);
});
