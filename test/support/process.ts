/** Signals by process id, for processes that this harness started. */

/** Whether a process with this id is there and is no zombie. */
export function isRunning(pid: number): boolean {
  return signal(pid, 0);
}

/** SIGKILL. Nothing happens when it has ended already. */
export function killNow(pid: number): void {
  signal(pid, "SIGKILL");
}

/** Stands still until `thaw`: sockets stay open and nothing answers. */
export function freeze(pid: number): void {
  signal(pid, "SIGSTOP");
}

export function thaw(pid: number): void {
  signal(pid, "SIGCONT");
}

function signal(pid: number, what: NodeJS.Signals | 0): boolean {
  // 0 and negative ids address whole process groups.
  if (pid <= 1) return false;
  try {
    return process.kill(pid, what);
  } catch {
    return false;
  }
}
