import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { startMark } from "../../../src/workers/engines/process-identity.js";
import { isGone, thisProcess } from "../../../src/workers/process/process-name.js";

const [host = "", , , namespace = ""] = thisProcess().split("/");

describe("a process is gone", () => {
  it("only when it is of this machine and has ended", async () => {
    expect(isGone(thisProcess())).toBe(false);
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(child, "spawn");
    const name = [host, child.pid, startMark(child.pid ?? 0), namespace].join("/");
    expect(isGone(name)).toBe(false);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isGone(name)).toBe(true);
    // The same id on another machine, or in another container with the same host name, says nothing.
    expect(isGone(["elsewhere", child.pid, "1", namespace].join("/"))).toBe(false);
    expect(isGone([host, child.pid, "1", `${namespace}9`].join("/"))).toBe(false);
  });

  it("when another process has its id by now", () => {
    const [, pid = "", mark = ""] = thisProcess().split("/");
    expect(isGone([host, pid, `${mark}0`, namespace].join("/"))).toBe(true);
    // A name of an earlier release has no namespace.
    expect(isGone([host, pid, mark].join("/"))).toBe(false);
  });
});
