/**
 * Commands that pages name are there: scripts of package.json, compiled programs, services of the compose file, and
 * files of the repository.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string): string => readFileSync(root + file, "utf8");
const pages = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && file !== "CHANGELOG.md" && existsSync(root + file));
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const { services } = parse(read("docker-compose.yml"), { merge: true }) as { services: Record<string, unknown> };

/** What a page names that is not there. */
function missingIn(text: string): string[] {
  const named = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = ""]) => name);
  return [
    ...named(/npm run (?:--silent )?([a-z][\w:-]*)/g)
      .filter((name) => scripts[name] === undefined)
      .map((name) => `npm run ${name}`),
    ...named(/(?:node|exec) (dist\/[\w/-]+\.js)/g).filter(
      (file) => !existsSync(root + file.replace(/^dist\//, "src/").replace(/js$/, "ts")),
    ),
    ...named(/(?<![\w/.-])((?:deploy|scripts)\/[\w/-]+\.(?:sh|json|js|mjs|ya?ml|cfg))(?!\w)/g).filter(
      (file) => !existsSync(root + file),
    ),
    ...named(/docker compose logs [^\n]*?--tail \d+ ((?:[a-z][\w-]*(?: |(?=`|$)))+)/gm)
      .flatMap((names) => names.trim().split(" "))
      .filter((name) => services[name] === undefined),
    ...named(/docker compose (?:restart|stop|ps) ((?:[a-z][\w-]*(?: |(?=[`#]|$)))+)/gm)
      .flatMap((names) => names.trim().split(" "))
      .filter((name) => services[name] === undefined),
  ];
}

it.each(pages)("%s names commands that are there", (page) => {
  expect(missingIn(read(page))).toEqual([]);
});

describe("the check itself", () => {
  it.each([
    ["`npm run no:such -- x`", "npm run no:such"],
    ["docker compose run --rm worker node dist/workers/no-such.js", "dist/workers/no-such.js"],
    ["deploy/no-such.sh host", "deploy/no-such.sh"],
    ["docker compose restart worker nobody", "nobody"],
    ["`docker compose logs --tail 100 nobody`", "nobody"],
  ])("finds %s", (text, missing) => {
    expect(missingIn(text)).toEqual([missing]);
  });

  it("knows what is there", () => {
    expect(
      missingIn(
        "npm run audit:verify -- --expect x\nnode " +
          "dist/workers/main.js\ndeploy/make-secrets.sh\ndocker compose restart " +
          "postgres mongo1 # both",
      ),
    ).toEqual([]);
  });
});
