/** The sink as a process of its own. */
import { serve } from "./child.js";
import { pause } from "./clock.js";
import { type Sink, type SinkOptions, startSink } from "./sink.js";

let sink: Sink | undefined;
function running(): Sink {
  if (!sink) throw new Error("The sink has not been started.");
  return sink;
}

const sinkMethods = {
  /** Gives the origin. */
  start: async (options: SinkOptions): Promise<string> => (sink = await startSink(options)).url,
  expectSecret: ({ path, secret }: { path: string; secret: string }): void => running().expectSecret(path, secret),
  /** Requests to this path are answered so many milliseconds later. */
  answerAfter: ({ path, ms }: { path: string; ms: number }): void =>
    running().behave(path, () => pause(ms).then(() => 204)),
  reset: (): void => running().reset(),
  /** Requests so far, and when the last one came. */
  count: (): { requests: number; lastTick: number } => ({
    requests: running().arrivals.length,
    lastTick: running().arrivals.at(-1)?.tick ?? 0,
  }),
  /** Which of these events did not come at which of these paths: how many, and at most 50 of them. */
  missing: ({ ids, paths }: { ids: string[]; paths: string[] }): Missing => {
    const seen = new Set(running().arrivals.map(({ id, path }) => `${id} ${path}`));
    const all = ids
      .flatMap((id) => paths.map((path) => ({ id, path })))
      .filter(({ id, path }) => !seen.has(`${id} ${path}`));
    return { count: all.length, some: all.slice(0, 50) };
  },
  /** Per event and subscription: first arrival and number of arrivals. */
  summary: (): SinkSummary => summarise(running()),
};
export type SinkMethods = typeof sinkMethods;

export interface Missing {
  count: number;
  some: { id: string; path: string }[];
}

export interface SinkSummary {
  /** By webhook id: when it first came, monotonic milliseconds. */
  firstTick: Map<string, number>;
  /** Different pairs of webhook id and path. */
  distinct: number;
  /** Requests beyond the first for such a pair. */
  doubled: number;
  verified: number;
  invalidSignatures: number;
}

function summarise({ arrivals }: Sink): SinkSummary {
  const firstTick = new Map<string, number>();
  const pairs = new Set<string>();
  for (const { id, path, tick } of arrivals) {
    if (!firstTick.has(id)) firstTick.set(id, tick);
    pairs.add(`${id} ${path}`);
  }
  return {
    firstTick,
    distinct: pairs.size,
    doubled: arrivals.length - pairs.size,
    verified: arrivals.filter(({ signature }) => signature !== "unchecked").length,
    invalidSignatures: arrivals.filter(({ signature }) => signature === "invalid").length,
  };
}

serve(sinkMethods);
