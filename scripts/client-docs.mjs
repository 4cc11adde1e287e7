// Makes the documentation of `sealpost/client` in .cache/client-docs: `npm run docs:client`. It fails where an export,
// a member or an example is missing.
import { fileURLToPath } from "node:url";
import { Application, ReflectionKind } from "typedoc";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const app = await Application.bootstrap({
  name: "sealpost/client",
  entryPoints: [path("src/client/index.ts")],
  tsconfig: path("tsconfig.build.json"),
  readme: "none",
  excludeExternals: true,
  excludePrivate: true,
  disableGit: true,
  sourceLinkTemplate: "https://example.invalid/{path}#L{line}",
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
    notDocumented: true,
    unusedMergeModuleWith: true,
  },
  treatWarningsAsErrors: true,
});
const project = await app.convert();
if (!project) process.exit(1);
app.validate(project);

// TypeDoc does not ask for examples. Every export has one, on itself or on its signature.
const exported = project.children ?? [];
const comments = (reflection) => [reflection.comment, ...(reflection.signatures ?? []).map(({ comment }) => comment)];
for (const reflection of [project, ...exported]) {
  const has = comments(reflection).some((comment) => comment?.getTag("@example"));
  if (!has) app.logger.error(`${reflection.name} (${ReflectionKind.singularString(reflection.kind)}) has no @example.`);
}
if (exported.length === 0) app.logger.error("sealpost/client exports nothing.");
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1);
await app.generateDocs(project, path(".cache/client-docs"));
if (app.logger.hasErrors()) process.exit(1);
