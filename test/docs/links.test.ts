/**
 * Every relative link and anchor in the Markdown files leads somewhere, and so does every path of a page that code,
 * comments and alerts name.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(root, file)));
const pages = files.filter((file) => file.endsWith(".md"));

/** What is in a code block or code span is no link. */
const prose = (text: string): string =>
  text.replaceAll(/^(```+|~~~+)[^]*?^\1[^\n]*$/gm, "").replaceAll(/(`+)[^`][^]*?\1/g, "");

/** Targets of links and images, also of reference definitions and of HTML. */
function linksIn(text: string): string[] {
  const found = [
    ...prose(text).matchAll(
      /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*<?([^\s>]+)>?|<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)="([^"]+)"/gm,
    ),
  ];
  return found.map(([, link, definition, html]) => link ?? definition ?? html ?? "");
}

/** The anchors of a page, as GitHub makes them: of headings, numbered where they repeat, and of HTML. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  const counts = new Map<string, number>();
  for (const [, title = ""] of text
    .replaceAll(/^(```+|~~~+)[^]*?^\1[^\n]*$/gm, "")
    .matchAll(/^#{1,6}[ \t]+(.+?)[ \t]*#*$/gm)) {
    const plain = title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replaceAll("`", "")
      .toLowerCase();
    const slug = plain.replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "").replaceAll(" ", "-");
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  for (const [, id = ""] of text.matchAll(/<[a-z][^>]*\s(?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

/** Undefined: the target of a link in this file is there. */
function problemOf(file: string, link: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined;
  const [path = "", anchor] = link.split("#");
  const target =
    path === ""
      ? file
      : path.startsWith("/")
        ? path.slice(1)
        : normalize(join(dirname(file), decodeURIComponent(path)));
  const absolute = join(root, target);
  if (target.startsWith("..") || !existsSync(absolute)) return `${link} names no file`;
  if (anchor === undefined || anchor === "") return undefined;
  if (statSync(absolute).isDirectory() || !target.endsWith(".md")) return undefined;
  return anchorsOf(readFileSync(absolute, "utf8")).has(decodeURIComponent(anchor))
    ? undefined
    : `${link} names no heading`;
}

describe("links", () => {
  it.each(pages)("of %s lead somewhere", (file) => {
    expect(linksIn(readFileSync(join(root, file), "utf8")).flatMap((link) => problemOf(file, link) ?? [])).toEqual([]);
  });

  it("to pages of docs/ from code, comments and alerts lead somewhere", () => {
    // The changelog tells of pages as they were called then.
    const others = files.filter(
      (file) =>
        /\.(?:[cm]?[jt]sx?|ya?ml|json|sh|html|css)$/.test(file) &&
        file !== "package-lock.json" &&
        !file.startsWith("test/histories/"),
    );
    const wrong = others.flatMap((file) =>
      [...readFileSync(join(root, file), "utf8").matchAll(/(?<![\w/.-])docs\/[\w/-]+\.md(?:#[\w-]+)?/g)].flatMap(
        ([link]) => (problemOf("README.md", link) ? [`${file}: ${link}`] : []),
      ),
    );
    expect(wrong.filter((each) => !each.startsWith("test/docs/links.test.ts"))).toEqual([]);
  });
});

describe("the check itself", () => {
  it("sees links and leaves code alone", () => {
    expect(
      linksIn('[a](b.md#c "title") ![i](i.png) `[no](no.md)`\n```\n[no](no.md)\n```\n[r]: r.md\n<img src="x.svg">'),
    ).toEqual(["b.md#c", "i.png", "r.md", "x.svg"]);
  });

  it("makes anchors as GitHub does", () => {
    expect([...anchorsOf("# An `a_b`, or: c?\n## Same\n## Same\n```\n# no\n```\n## [Link](x.md) – yes\n")]).toEqual([
      "an-a_b-or-c",
      "same",
      "same-1",
      "link--yes",
    ]);
  });

  it("finds what is missing", () => {
    expect(problemOf("README.md", "docs/nothing.md")).toBe("docs/nothing.md names no file");
    expect(problemOf("README.md", "#no-such-heading")).toBe("#no-such-heading names no heading");
    expect(problemOf("docs/reference/metrics.md", "../../README.md")).toBeUndefined();
    expect(problemOf("README.md", "../outside.md")).toBe("../outside.md names no file");
  });
});
