/**
 * The workflow bundle. The build writes it into dist/, and the worker loads it. The failure converter is part of it.
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorkflowCode } from "@temporalio/worker";

/** `.js` in dist/, `.ts` where tests run from the sources. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";
const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Bundler, worker and client all need these paths. If a worker gets a bundle, then in the sandbox it ignores the
 * converter paths of its own options.
 */
export const FAILURE_CONVERTER_PATH = pathOf(`../workflows/failure-converter.${EXTENSION}`);
export const PAYLOAD_CONVERTER_PATH = pathOf(`../workflows/payload-converter.${EXTENSION}`);
const WORKFLOWS_PATH = pathOf(`../workflows/index.${EXTENSION}`);
const BUNDLE_PATH = pathOf("../workflow-bundle.js");

/** The code of the bundle, made from the workflow files beside this one. */
export async function bundleCode(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS_PATH,
    failureConverterPath: FAILURE_CONVERTER_PATH,
    payloadConverterPath: PAYLOAD_CONVERTER_PATH,
    // Imports name `.js` files, as Node needs them. In the sources these are `.ts` files.
    webpackConfigHook: (config) => ({
      ...config,
      resolve: { ...config.resolve, extensionAlias: { ".js": [".ts", ".js"] } },
    }),
    logger: {
      trace: quiet,
      debug: quiet,
      info: quiet,
      warn: report,
      error: report,
      log: (level, message) => void (level === "ERROR" && report(message)),
    },
  });
  return code;
}

/**
 * Writes dist/workflow-bundle.js, as a step of `npm run build`.
 * @public called by scripts/build.mjs from dist/
 */
export async function buildBundle(): Promise<void> {
  await mkdir(dirname(BUNDLE_PATH), { recursive: true });
  await writeFile(BUNDLE_PATH, await bundleCode());
}

/** The built bundle. If there is none (in tests from the sources), then it is made now. */
export async function loadBundle(): Promise<{ codePath: string } | { code: string }> {
  return existsSync(BUNDLE_PATH) && EXTENSION === "js" ? { codePath: BUNDLE_PATH } : { code: await bundleCode() };
}

const quiet = (): void => undefined;
const report = (message: string): void => void process.stderr.write(`${message}\n`);
