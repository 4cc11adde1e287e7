// Types, style and the one-way import direction are held here; scripts/structure.mjs holds what ESLint has no rule for.
//   workflows <- store <- catalogue, endpoint <- {activities, api} <- workers; client stands apart, on workflows and store.
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";
import reactHooks from "eslint-plugin-react-hooks";
import importX, { createNodeResolver } from "eslint-plugin-import-x";

/** Each room of src/ and the rooms that it may import from, besides itself and the files that lie in src/ itself. */
const MAY_IMPORT = {
  workflows: [],
  store: ["workflows"],
  catalogue: ["workflows", "store"],
  endpoint: ["workflows", "store"],
  activities: ["workflows", "store", "catalogue", "endpoint"],
  api: ["workflows", "store", "catalogue", "endpoint"],
  client: ["workflows", "store"],
  workers: ["workflows", "store", "catalogue", "endpoint", "activities", "api"],
};
const zones = Object.entries(MAY_IMPORT).map(([room, allowed]) => ({
  target: `./src/${room}`,
  from: Object.keys(MAY_IMPORT)
    .filter((other) => other !== room && !allowed.includes(other))
    .map((other) => `./src/${other}`),
  message: `src/${room} may import only from ${["itself", ...allowed.map((other) => `src/${other}`)].join(", ")}.`,
}));
const WORKFLOW_IMPORTS =
  "Workflow code imports only @temporalio/workflow, @temporalio/common and its siblings: it must be deterministic.";
const CEL = "@marcbachmann/cel-js";
const CEL_IMPORT = "Only src/catalogue/cel.ts imports the CEL library: what its tree looks like is known in one file.";
const CAN_PARSE = {
  object: "URL",
  property: "canParse",
  message: "Node 20 and 22 refuse letters outside ASCII after some thousand calls: take parsedUrl.",
};

const ASSIGNMENT = {
  selector: "CallExpression > AssignmentExpression.arguments",
  message: "Assign before the call: an assignment among arguments is overlooked.",
};
const VISIBILITY = {
  selector:
    "CallExpression[callee.object.property.name='workflow'][callee.property.name=/^(list|count)$/]," +
    "CallExpression[callee.property.name=/^(list|count|scan)(Open|Closed|Archived)?WorkflowExecutions$/]",
  message: "Visibility of the engine lags and may be wrong, so nothing is decided by it.",
};

export default defineConfig(
  { ignores: ["dist", "node_modules", ".sealpost", ".cache", "web/src/api/schema.d.ts", "deploy/mongo/*.js"] },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["*.js", "scripts/*.mjs", "web/*.mjs"] } },
    },
    plugins: { "import-x": importX },
    settings: {
      "import-x/extensions": [".ts", ".tsx", ".js", ".mjs"],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts", ".tsx"] },
      "import-x/resolver-next": [createNodeResolver({ extensionAlias: { ".js": [".ts", ".tsx", ".js"] } })],
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "import-x/no-restricted-paths": ["error", { zones }],
      "max-lines": ["error", { max: 300 }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", { max: 4 }],
      "no-restricted-syntax": ["error", ASSIGNMENT],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["src/workflows/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ regex: "^(?!@temporalio/(workflow|common)$|\\.)", message: WORKFLOW_IMPORTS }] },
      ],
    },
  },
  {
    ignores: ["src/workflows/**", "src/catalogue/cel.ts"],
    rules: { "no-restricted-imports": ["error", { paths: [{ name: CEL, message: CEL_IMPORT }] }] },
  },
  {
    files: ["src/**"],
    ignores: ["src/workers/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "The environment is read in src/workers/config.ts only." },
        CAN_PARSE,
      ],
    },
  },
  { files: ["src/workers/**"], rules: { "no-restricted-properties": ["error", CAN_PARSE] } },
  {
    files: ["src/**"],
    // It asks only whether a key may end yet, so what visibility learns late can delay that and nothing else.
    ignores: ["src/workers/watch/day-keys.ts"],
    rules: { "no-restricted-syntax": ["error", ASSIGNMENT, VISIBILITY] },
  },
  {
    files: ["web/src/**"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      // It warns of what the React Compiler skips, and nothing is compiled by it here.
      "react-hooks/incompatible-library": "off",
      // `throw redirect(…)` is how TanStack Router leads on.
      "@typescript-eslint/only-throw-error": [
        "error",
        { allow: [{ from: "package", package: "@tanstack/router-core", name: "Redirect" }] },
      ],
      "no-restricted-imports": [
        "error",
        { patterns: [{ regex: "\\.\\./src/", message: "The pages know the service by its API alone." }] },
      ],
    },
  },
  { files: ["test/**", "bench/**"], rules: { "max-lines-per-function": "off" } },
  // The columns of a table of cases are the parameters of its test.
  { files: ["**/*.test.ts"], rules: { "max-params": "off" } },
  { files: ["**/*.js", "**/*.mjs"], extends: [tseslint.configs.disableTypeChecked], rules: { "no-console": "off" } },
);
