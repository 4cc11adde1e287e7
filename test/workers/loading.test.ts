import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { buildOnce, repositoryRoot } from "../support/build.js";

/** A start refuses fewer than 192 (src/workers/process/open-files.ts). So there is room for more modules. */
const OPEN_FILES = 140;

beforeAll(() => buildOnce(), 300_000);

it(`loads the service with ${OPEN_FILES} open files`, () => {
  const loading = pathToFileURL(join(repositoryRoot(), "dist/workers/loading.js")).href;
  const load = `await (await import(${JSON.stringify(loading)})).loadService(); process.exit(0);`;
  const node = [process.execPath, "--input-type=module", "-e", load];
  const limited = `ulimit -n ${OPEN_FILES} && exec "$0" "$@"`;
  const { status, stderr } = spawnSync("sh", ["-c", limited, ...node], { encoding: "utf8", timeout: 200_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
