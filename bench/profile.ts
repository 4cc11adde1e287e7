/** Where the CPU time of a process went, from the profiles that `node --cpu-prof` leaves. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

export interface SelfTime {
  place: string;
  milliseconds: number;
  /** Of all time that was not idle, over all threads. */
  share: number;
}

/** The functions with the most self time over all profiles (one per thread) in the directory, and by package. */
export function topSelfTimes(directory: string, count = 30): { functions: SelfTime[]; packages: SelfTime[] } {
  const byFunction = new Map<string, number>();
  const byPackage = new Map<string, number>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith(".cpuprofile"))) {
    const profile = JSON.parse(readFileSync(join(directory, file), "utf8")) as CpuProfile;
    const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
    for (const [index, id] of profile.samples.entries()) {
      const frame = frames.get(id);
      if (!frame || frame.functionName === "(idle)" || frame.functionName === "(program)") continue;
      const microseconds = profile.timeDeltas[index] ?? 0;
      const where = shortened(frame.url);
      add(byFunction, `${frame.functionName || "(anonymous)"} ${where}:${frame.lineNumber + 1}`, microseconds);
      add(byPackage, packageOf(where, frame.functionName), microseconds);
    }
  }
  return { functions: top(byFunction, count), packages: top(byPackage, 15) };
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

function top(sums: Map<string, number>, count: number): SelfTime[] {
  const total = [...sums.values()].reduce((sum, value) => sum + value, 0);
  const sorted = [...sums].sort(([, a], [, b]) => b - a).slice(0, count);
  return sorted.map(([place, microseconds]) => ({
    place,
    milliseconds: microseconds / 1_000,
    share: microseconds / total,
  }));
}

/** The part of a path that tells: from the last `node_modules/` or `dist/` on. */
function shortened(url: string): string {
  return (
    url
      .split("/node_modules/")
      .at(-1)
      ?.replace(/^.*\/dist\//, "dist/") ?? url
  );
}

function packageOf(where: string, functionName: string): string {
  if (where === "") return functionName.startsWith("(") ? functionName : "native";
  if (where.startsWith("node:")) return "node";
  if (where.startsWith("dist/")) return "sealpost";
  return where
    .split("/")
    .slice(0, where.startsWith("@") ? 2 : 1)
    .join("/");
}
