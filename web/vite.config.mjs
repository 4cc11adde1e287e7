// Builds the portal's pages into dist/portal (scripts/portal.mjs calls it). There is no development server: `npm start`
// serves what was built, under the policy that production has.
import { fileURLToPath } from "node:url";
import optimizeLocales from "@react-aria/optimize-locales-plugin";
import { defineConfig, runnerImport } from "vite";

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));

// The pages know the service by its API alone. So the build puts in what would have to be kept in step by hand.
const { module: outcomes } = await runnerImport(pathOf("../src/endpoint/outcomes.ts"), { configFile: false });
const outcomeCodes = Object.keys(outcomes.OUTCOMES).sort();

export default defineConfig({
  root: pathOf("."),
  configFile: false,
  base: "/portal/",
  publicDir: false,
  logLevel: "warn",
  define: {
    "process.env.NODE_ENV": JSON.stringify("production"),
    SEALPOST_OUTCOME_CODES: JSON.stringify(outcomeCodes),
  },
  // React Aria carries its words in 30 languages. The pages are in English so far.
  plugins: [optimizeLocales.vite({ locales: ["en-US"] })],
  css: { modules: { localsConvention: "camelCaseOnly" } },
  build: {
    outDir: pathOf("../dist/portal"),
    emptyOutDir: true,
    target: "es2022",
    // The policy allows no inline script and no data URL but images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      // Packages mark parts for servers that render. There is none here.
      onLog: (level, log, handle) => log.code !== "MODULE_LEVEL_DIRECTIVE" && handle(level, log),
      checks: { pluginTimings: false },
    },
  },
});
