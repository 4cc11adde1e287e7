/** What processes cost, from /proc: CPU seconds and proportional memory. Linux only. */
import { readFileSync } from "node:fs";

/** Clock ticks a second in /proc. 100 on every Linux that node runs on (`getconf CLK_TCK`). */
const TICKS = 100;

/** User and system seconds of the process and of its children that have ended. Gives 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  const stat = readProc(pid, "stat");
  // The name (field 2) may hold spaces. Utime, stime, cutime and cstime are fields 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
}

/** Proportional set size, MiB. Shared pages count for each sharer in part. */
export function memoryMiB(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readProc(pid, "smaps_rollup"))?.[1] ?? 0) / 1_024;
}

export type Figures = Record<string, number>;

/** One figure for each named process. Several ids under one name are added. */
export function measure(pids: Record<string, number[]>, what: (pid: number) => number): Figures {
  return Object.fromEntries(
    Object.entries(pids).map(([name, ids]) => [name, ids.reduce((sum, pid) => sum + what(pid), 0)]),
  );
}

/** Samples memory once a second. `stop` gives the peak of each. */
export function watchMemory(pids: Record<string, number[]>): { stop(): Figures } {
  const peak: Figures = {};
  const sample = () => {
    for (const [name, value] of Object.entries(measure(pids, memoryMiB))) peak[name] = Math.max(peak[name] ?? 0, value);
  };
  sample();
  const timer = setInterval(sample, 1_000);
  return {
    stop: () => {
      clearInterval(timer);
      sample();
      return peak;
    },
  };
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
