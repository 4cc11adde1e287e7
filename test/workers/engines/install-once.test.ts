import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installOnce } from "../../../src/workers/engines/install-once.js";

let cacheDir: string;
let target: string;
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), "sealpost-install-"));
  target = join(cacheDir, "program");
});
afterEach(() => rmSync(cacheDir, { recursive: true, force: true }));

/** Makes a program with this content. */
function making(content: string, mode = 0o755) {
  let times = 0;
  const make = (directory: string): Promise<{ file: string }> => {
    times++;
    const file = join(directory, "made");
    writeFileSync(file, content);
    chmodSync(file, mode);
    return Promise.resolve({ file });
  };
  return { make, times: () => times };
}

describe("a program in the cache", () => {
  it("is made once, and found from then on", async () => {
    const { make, times } = making("#!/bin/sh\n");
    expect(await installOnce(target, make)).toEqual({ cached: false });
    expect(await installOnce(target, make)).toEqual({ cached: true });
    expect(times()).toBe(1);
    expect(readdirSync(cacheDir)).toEqual(["program"]);
  });

  it("is whole when two processes make it at once", async () => {
    const both = await Promise.all([installOnce(target, making("one").make), installOnce(target, making("two").make)]);
    expect(both).toEqual([{ cached: false }, { cached: false }]);
    expect(["one", "two"]).toContain(readFileSync(target, "utf8"));
    expect(readdirSync(cacheDir)).toEqual(["program"]);
  });

  it.each<[string, (directory: string) => Promise<{ file: string } | { reason: string }>, string]>([
    ["says why it cannot be made", () => Promise.resolve({ reason: "no compiler" }), "no compiler"],
    ["fails", () => Promise.reject(new Error("it broke")), "it broke"],
    ["gives nothing that runs", making("text", 0o644).make, "it gave no executable"],
  ])("is not there when its making %s, and nothing is left", async (_what, make, reason) => {
    expect(await installOnce(target, make)).toEqual({ reason });
    expect(readdirSync(cacheDir)).toEqual([]);
  });
});
