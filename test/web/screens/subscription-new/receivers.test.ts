import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { receiversOf } from "../../../../web/src/screens/subscription-new/receivers.js";

const page = readFileSync(new URL("../../../../docs/how-to/receive-and-verify.md", import.meta.url), "utf8");
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

test("a page without programs gives none", () => {
  expect(receiversOf("# Title\n\n## Section\n\n```\nplain\n```\n")).toEqual([]);
});
