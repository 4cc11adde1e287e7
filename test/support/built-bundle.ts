/** The workflow bundle of the build. To make one of the sources takes 2 s of CPU, in each process anew. */
import { join } from "node:path";
import { buildOnce, repositoryRoot } from "./build.js";

/** For `workflowBundle` of a worker. Builds first when a source is newer than the last build. */
export async function builtBundle(): Promise<{ codePath: string }> {
  await buildOnce();
  return { codePath: join(repositoryRoot(), "dist/workflow-bundle.js") };
}
