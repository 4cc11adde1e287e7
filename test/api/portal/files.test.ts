import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readPortalFiles } from "../../../src/api/portal/files.js";
import { makePortal, PAGE, SCRIPT } from "./portal-setup.js";

const directory = makePortal();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the files of the build are read, with their types, and nothing else beside them", () => {
  const { page, assets } = readPortalFiles(directory);
  expect(page.toString()).toBe(PAGE);
  expect([...assets.keys()].sort()).toEqual(["index-a1.js", "index-b2.css"]);
  expect(assets.get("index-a1.js")).toMatchObject({ type: "text/javascript; charset=utf-8" });
  expect(assets.get("index-a1.js")?.bytes.toString()).toBe(SCRIPT);
  expect(assets.get("index-a1.js")?.brotli?.length).toBeLessThan(SCRIPT.length);
  expect(assets.get("index-b2.css")).toMatchObject({ type: "text/css; charset=utf-8", brotli: undefined });
});

test("pages that were not built are told of, with what to do", () => {
  expect(() => readPortalFiles(join(directory, "nowhere"))).toThrow(/not in .*nowhere\. Run npm run build\./);
});
