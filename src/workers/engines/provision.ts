/** Finds an engine's program. The sources are asked in their order, and each one that does not have it says why. */
import { EngineError, refuseIfStopped } from "./engine-error.js";
import type { Progress } from "./slow-steps.js";

interface Found {
  path: string;
  /** Which way it came, for the start line. */
  how: string;
}

/** With the name of the source, and the reasons of those before it. */
export type Provisioned = Found & { source: string; refused: string };

/** What the sources of a program share. */
export interface ProvisionContext {
  /** Where programs that are fetched or built are kept. */
  cacheDir: string;
  /** For tools that are called, for instance where they keep their own caches. */
  toolEnvironment: Record<string, string>;
  progress: Progress;
  /** When aborted, nothing more is fetched or built. */
  signal?: AbortSignal | undefined;
}

/** Either the program or why it cannot be had this way. */
export type SourceResult = Found | { reason: string };

export interface Source {
  /** Stable name, remembered below the data directory. */
  name: string;
  find(): Promise<SourceResult>;
}

/**
 * The first source that helps. The one remembered from the last start is asked first.
 * @param sentence makes the whole message from the collected reasons
 * @throws EngineError missing_tool, or stopped
 */
export async function provision(
  sources: Source[],
  remembered: string | undefined,
  sentence: (reasons: string) => string,
  signal?: AbortSignal,
): Promise<Provisioned> {
  const ordered = [
    ...sources.filter(({ name }) => name === remembered),
    ...sources.filter(({ name }) => name !== remembered),
  ];
  const reasons: string[] = [];
  for (const source of ordered) {
    const result = await source.find();
    refuseIfStopped(signal);
    if ("path" in result) return { ...result, source: source.name, refused: reasons.join("; ") };
    reasons.push(`${source.name}: ${result.reason}`);
  }
  throw new EngineError("missing_tool", sentence(reasons.join("; ")));
}
