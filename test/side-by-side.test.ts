import { describe, expect, it } from "vitest";
import { createPlaces, sideBySide } from "../src/side-by-side.js";

/** Works that end when they are told to, and how many are under way. */
function controlled() {
  const begun: string[] = [];
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  let most = 0;
  const work = (name: string): Promise<void> => {
    begun.push(name);
    return new Promise<void>((resolve, reject) => {
      ends.set(name, { resolve, reject });
      most = Math.max(most, ends.size);
    }).finally(() => ends.delete(name));
  };
  return {
    begun,
    work,
    most: () => most,
    end: async (name: string, error?: Error) => {
      await expect.poll(() => ends.has(name)).toBe(true);
      if (error) ends.get(name)?.reject(error);
      else ends.get(name)?.resolve();
    },
  };
}

describe("work side by side", () => {
  it("goes past an item that takes long", async () => {
    const { begun, work, end, most } = controlled();
    const done = sideBySide(2, ["slow", "a", "b", "c"], work);
    await end("a");
    await end("b");
    await end("c");
    expect(begun).toEqual(["slow", "a", "b", "c"]);
    await end("slow");
    await done;
    expect(most()).toBe(2);
  });

  it("begins nothing after a failure, and waits for what is under way", async () => {
    const { begun, work, end } = controlled();
    const queue = ["bad", "slow", "never", "neither"];
    let over = false;
    const done = sideBySide(2, queue, work).finally(() => (over = true));
    const failed = expect(done).rejects.toThrow("the first");
    await end("bad", new Error("the first"));
    await expect.poll(() => queue).toEqual([]);
    expect(over).toBe(false);
    await end("slow");
    await failed;
    expect(begun).toEqual(["bad", "slow"]);
  });

  it("has nothing to do with an empty queue", async () => {
    const { begun, work } = controlled();
    await sideBySide(3, [], work);
    expect(begun).toEqual([]);
  });
});

describe("places", () => {
  it("are taken in the order of the works, as many at once as there are", async () => {
    const { begun, work, end, most } = controlled();
    const inPlace = createPlaces(2);
    const done = ["a", "b", "c", "d"].map((name) => inPlace(() => work(name)));
    await expect.poll(() => begun).toEqual(["a", "b"]);
    await end("b");
    await expect.poll(() => begun).toEqual(["a", "b", "c"]);
    await end("a");
    await end("c");
    await end("d");
    await Promise.all(done);
    expect(most()).toBe(2);
  });

  it("are free again after a failure, and their number stays what it was", async () => {
    const { begun, work, end, most } = controlled();
    const inPlace = createPlaces(1);
    const bad = expect(inPlace(() => work("bad"))).rejects.toThrow("full");
    await end("bad", new Error("full"));
    await bad;
    const done = ["a", "b"].map((name) => inPlace(() => work(name)));
    await end("a");
    await end("b");
    await Promise.all(done);
    expect(begun).toEqual(["bad", "a", "b"]);
    expect(most()).toBe(1);
  });

  it("give a work's result to its caller", async () => {
    await expect(createPlaces(1)(async () => Promise.resolve(42))).resolves.toBe(42);
  });
});
