/** Finds an engine's program: the sources are asked in their order, and each one that cannot help says why. */
import { EngineError } from "./engine-error.js";

interface Found {
  path: string;
  /** Which way it came, for the start line. */
  how: string;
}

/** With the name of the source, and what those before it said. */
export type Provisioned = Found & { source: string; refused: string };

/** Either the program or why it cannot be had this way. */
export type SourceResult = Found | { reason: string };

export interface Source {
  /** Stable name, remembered below the data directory. */
  name: string;
  find(): Promise<SourceResult>;
}

/**
 * The first source that helps; the one remembered from the last start is asked first.
 * @param sentence makes the whole message from the collected reasons
 * @throws EngineError missing_tool
 */
export async function provision(sources: Source[], remembered: string | undefined, sentence: (reasons: string) => string): Promise<Provisioned> {
  const ordered = [...sources.filter(({ name }) => name === remembered), ...sources.filter(({ name }) => name !== remembered)];
  const reasons: string[] = [];
  for (const source of ordered) {
    const result = await source.find();
    if ("path" in result) return { ...result, source: source.name, refused: reasons.join("; ") };
    reasons.push(`${source.name}: ${result.reason}`);
  }
  throw new EngineError("missing_tool", sentence(reasons.join("; ")));
}
