// Types, style and the one-way import direction (workflows <- store <- activities <- api <- workers) are held here.
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";
import importX from "eslint-plugin-import-x";

const layers = ["workflows", "store", "activities", "api", "workers"];
const zones = layers.slice(0, -1).map((layer, i) => ({
  target: `./src/${layer}`,
  from: layers.slice(i + 1).map((later) => `./src/${later}`),
  message: `src/${layer} may not import from a later layer (${layers.slice(i + 1).join(", ")}).`,
}));

export default defineConfig(
  { ignores: ["dist", "node_modules", ".sealpost", ".cache", "web/dist", "deploy/mongo/*.js"] },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["*.js", "scripts/*.mjs"] } } },
    plugins: { "import-x": importX },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports", disallowTypeAnnotations: false }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "import-x/no-restricted-paths": ["error", { zones }],
      "max-lines": ["error", { max: 300 }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "eqeqeq": "error",
      "no-console": "error",
    },
  },
  {
    files: ["src/workflows/**"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ regex: "^(?!@temporalio/(workflow|common)$|\\.)", message: "Workflow code imports only @temporalio/workflow, @temporalio/common and its siblings: it must be deterministic." }] }],
    },
  },
  { files: ["src/**"], ignores: ["src/workers/**"], rules: { "no-restricted-syntax": ["error", { selector: "MemberExpression[object.name='process'][property.name='env']", message: "The environment is read in src/workers/config.ts only." }] } },
  { files: ["test/**", "bench/**"], rules: { "max-lines-per-function": "off" } },
  { files: ["**/*.js", "**/*.mjs"], extends: [tseslint.configs.disableTypeChecked], rules: { "no-console": "off" } },
);
