/** Whether our own name server answers at all. It decides whose fault it is that a name could not be resolved. */
import { Resolver } from "node:dns/promises";

/** So long an answer holds, milliseconds: a thousand failures at once ask once. */
const HOLDS_MS = 5_000;
/** Longest wait, milliseconds. The attempt waits with it, and its endpoint is not charged for that. */
const WAIT_MS = 2_000;

/**
 * Codes of `node:dns` for a server that says nothing, or that reaches no other one. Everything else, "no such name"
 * included, comes from a server that works.
 */
const GONE = new Set(["ETIMEOUT", "ECONNREFUSED", "ECANCELLED", "ESERVFAIL"]);

export interface ResolverProbeOptions {
  /** Name servers as `address:port`. By default those of the system. */
  servers?: readonly string[];
  /** Longest wait, milliseconds. */
  waitMs?: number;
  /** The clock, milliseconds. It need not be the wall's. */
  now?: () => number;
}

/**
 * Asks for the servers of the root zone, which every resolver knows. The answer of one question serves all who ask
 * within 5 s. Never rejects.
 */
export function createResolverProbe(options: ResolverProbeOptions = {}): () => Promise<boolean> {
  const { servers, waitMs = WAIT_MS, now = () => performance.now() } = options;
  let last: { at: number; works: Promise<boolean> } | undefined;
  return () => {
    if (!last || now() - last.at >= HOLDS_MS) last = { at: now(), works: ask(servers, waitMs) };
    return last.works;
  };
}

async function ask(servers: readonly string[] | undefined, waitMs: number): Promise<boolean> {
  // It reads the system's settings when it is made, and they may have been the fault.
  const resolver = new Resolver({ timeout: waitMs, tries: 1 });
  if (servers) resolver.setServers(servers);
  const deadline = setTimeout(() => resolver.cancel(), waitMs);
  try {
    await resolver.resolveNs(".");
    return true;
  } catch (error) {
    return !GONE.has((error as NodeJS.ErrnoException).code ?? "");
  } finally {
    clearTimeout(deadline);
  }
}
