/**
 * The name of a process among all that share a store, from which another process of its machine tells whether it runs.
 */
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isAlive, startMark } from "../engines/process-identity.js";

/**
 * Two containers may share a host name and number their processes alike. The id of the namespace of process ids tells
 * them apart (pid_namespaces(7)). Other systems have none.
 */
function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  } catch {
    return "";
  }
}

/** This process: host, process id, start mark, namespace. */
export const thisProcess = (): string =>
  `${hostname()}/${process.pid}/${startMark(process.pid) ?? ""}/${pidNamespace()}`;

/** Whether a process of this machine has ended. False for any other process: this one cannot ask. */
export function isGone(name: string): boolean {
  const [host, pid, mark, namespace] = name.split("/");
  // Names of earlier releases have no namespace.
  if (host !== hostname() || (namespace !== undefined && namespace !== pidNamespace())) return false;
  return !isAlive(Number(pid)) || (startMark(Number(pid)) ?? "") !== mark;
}
