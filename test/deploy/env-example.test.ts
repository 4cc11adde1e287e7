/** .env.example names every setting with its default: it may not fall behind src/workers/config.ts. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SETTINGS } from "../../src/workers/config.js";

const lines = readFileSync(new URL("../../.env.example", import.meta.url), "utf8").split("\n");
const settings = Object.entries(SETTINGS) as [string, { default?: string; secret?: true }][];

describe(".env.example", () => {
  it.each(settings)("has %s with its default", (key, setting) => {
    expect(lines).toContain(setting.default ? `${key}=${setting.default}` : `# ${key}=`);
    if (setting.secret) expect(lines).toContain(`# ${key}_FILE=`);
  });

  it("has no setting that does not exist", () => {
    const named = lines.map((line) => /^(?:# )?([A-Z][A-Z0-9_]*)=/.exec(line)?.[1]).filter((key) => key !== undefined);
    const known = settings.flatMap(([key, setting]) => (setting.secret ? [key, `${key}_FILE`] : [key]));
    expect(named.sort()).toEqual(known.sort());
  });
});
