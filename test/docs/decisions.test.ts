/** Each decision is a page with a date and the four parts, and stands once in the index. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const folder = new URL("../../docs/explanation/decisions/", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), "utf8");
const pages = readdirSync(folder).filter((file) => file !== "README.md");
const index = [...read("README.md").matchAll(/^\| \[(.+)\]\(([\w-]+\.md)\)( \(superseded\))? \| (.+) \|$/gm)].map(
  ([, title = "", file = "", superseded, date = ""]) => ({ title, file, superseded: superseded !== undefined, date }),
);
const headOf = (page: string) =>
  page.match(
    /^# (?<title>.+)\n\nDate: (?<date>2\d{3}-\d\d-\d\d(?:, extended 2\d{3}-\d\d-\d\d)?)\. (?<status>In force\.|Superseded by\s)/,
  )?.groups;

it("the index names every page once", () => {
  expect(index.map(({ file }) => file).sort()).toEqual(pages.sort());
});

it.each(pages)("%s has a date, a status and the four parts, as the index says", (file) => {
  const page = read(file);
  const { title, date, status } = headOf(page) ?? {};
  expect({ title, file, superseded: status !== "In force.", date }).toEqual(index.find((row) => row.file === file));
  expect([...page.matchAll(/^## (.+)\n\n\S/gm)].map(([, heading]) => heading)).toEqual([
    "Context",
    "Choice",
    "Figure",
    "Price",
  ]);
});

it.each(index.filter(({ superseded }) => superseded))(
  "$file names the page that replaced it, which is in force",
  ({ file }) => {
    const [, successor = ""] = /Superseded by\s+\[[^\]]+\]\(([\w-]+\.md)\)/.exec(read(file)) ?? [];
    expect(headOf(read(successor))?.status).toBe("In force.");
  },
);
