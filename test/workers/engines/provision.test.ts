import { describe, expect, it } from "vitest";
import { provision, type Source, type SourceResult } from "../../../src/workers/engines/provision.js";

function sourcesOf(results: Record<string, SourceResult>): { sources: Source[]; asked: string[] } {
  const asked: string[] = [];
  const sources = Object.entries(results).map(([name, result]) => ({
    name,
    find: () => {
      asked.push(name);
      return Promise.resolve(result);
    },
  }));
  return { sources, asked };
}
const sentence = (reasons: string): string => `not to be had (${reasons})`;

describe("the program of an engine", () => {
  it("comes from the first source that has it, with what those before it said", async () => {
    const { sources, asked } = sourcesOf({
      path: { reason: "not on PATH" },
      download: { path: "/bin/it", how: "fetched" },
      build: { path: "/bin/other", how: "built" },
    });
    expect(await provision(sources, undefined, sentence)).toEqual({
      path: "/bin/it",
      how: "fetched",
      source: "download",
      refused: "path: not on PATH",
    });
    expect(asked).toEqual(["path", "download"]);
  });

  it("comes from the source of the last start where that still has it", async () => {
    const { sources, asked } = sourcesOf({
      path: { path: "/bin/it", how: "on PATH" },
      build: { path: "/bin/other", how: "built" },
    });
    expect(await provision(sources, "build", sentence)).toMatchObject({ source: "build" });
    expect(asked).toEqual(["build"]);
  });

  it("is missing with every reason where no source has it", async () => {
    const { sources } = sourcesOf({ path: { reason: "a" }, download: { reason: "b" } });
    await expect(provision(sources, "download", sentence)).rejects.toMatchObject({
      code: "missing_tool",
      message: "not to be had (download: b; path: a)",
    });
  });

  it("is looked for no further when the start was stopped", async () => {
    const { sources, asked } = sourcesOf({ path: { reason: "a" }, download: { path: "/bin/it", how: "fetched" } });
    await expect(provision(sources, undefined, sentence, AbortSignal.abort())).rejects.toMatchObject({
      code: "stopped",
    });
    expect(asked).toEqual(["path"]);
  });
});
