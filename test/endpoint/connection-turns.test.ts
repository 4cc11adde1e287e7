import { describe, expect, it } from "vitest";
import { createConnectionTurns, type TurnsOptions, type Waiter } from "../../src/endpoint/connection-turns.js";

/** A line of waiters that say what happens to them. */
function newLine(options: Partial<TurnsOptions> = {}) {
  const turns = createConnectionTurns({ connections: 1, waitMs: 600_000, maxWaiting: 100, ...options });
  const said: string[] = [];
  const enter = (name: string): (() => void) => {
    const waiter: Waiter = {
      begin: () => void said.push(`${name} begins`),
      giveUp: (error) => {
        said.push(`${name} ${error}`);
        turns.leave(waiter);
      },
    };
    turns.enter(waiter);
    return () => turns.leave(waiter);
  };
  return { turns, said, enter };
}

describe("turns at an endpoint's connections", () => {
  it("are given in the order of asking, as many at once as there are connections", () => {
    const { said, enter, turns } = newLine({ connections: 2 });
    const [first, second] = ["a", "b", "c", "d"].map(enter);
    expect(said).toEqual(["a begins", "b begins"]);
    second?.();
    first?.();
    expect(said).toEqual(["a begins", "b begins", "c begins", "d begins"]);
    expect(turns.size).toBe(2);
  });

  it("are not given to one that has left the line", () => {
    const { said, enter } = newLine();
    const [first, second] = ["a", "b", "c"].map(enter);
    second?.();
    first?.();
    expect(said).toEqual(["a begins", "c begins"]);
  });

  it("are waited for only so long, and then those behind go on waiting", async () => {
    const { said, enter, turns } = newLine({ waitMs: 50 });
    const leave = enter("a");
    enter("b");
    enter("c");
    await expect.poll(() => said).toEqual(["a begins", "b timeout_total", "c timeout_total"]);
    leave();
    enter("d");
    expect(said.at(-1)).toBe("d begins");
    expect(turns.size).toBe(1);
  });

  it("are refused at once when too many wait", () => {
    const { said, enter } = newLine({ maxWaiting: 2 });
    ["a", "b", "c", "d"].forEach(enter);
    expect(said).toEqual(["a begins", "d timeout_total"]);
  });

  it("are given to nobody that waits once it is stopped, and still to those who need not wait", () => {
    const { said, enter, turns } = newLine();
    const leave = enter("a");
    enter("b");
    turns.stop();
    enter("c");
    leave();
    enter("d");
    expect(said).toEqual(["a begins", "b interrupted", "c interrupted", "d begins"]);
  });

  it("say when the line is empty", async () => {
    const { enter, turns } = newLine();
    await turns.idle();
    const leave = enter("a");
    let idle = false;
    const waited = turns.idle().then(() => (idle = true));
    await Promise.resolve();
    expect(idle).toBe(false);
    leave();
    await waited;
  });
});
