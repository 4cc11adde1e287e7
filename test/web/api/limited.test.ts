import { expect, test } from "vitest";
import { limited } from "../../../web/src/api/limited.js";

/** Work that ends when it is told to. */
function pieces() {
  const started: number[] = [];
  const ends = new Map<number, () => void>();
  const work = (number: number) => async (): Promise<number> => {
    started.push(number);
    await new Promise<void>((resolve) => ends.set(number, resolve));
    return number;
  };
  return { started, work, end: (number: number) => ends.get(number)?.() };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("so many run at once, and the others follow in their order", async () => {
  const { started, work, end } = pieces();
  const inTurn = limited(2);
  const all = [1, 2, 3, 4].map((number) => inTurn(work(number)));
  await settled();
  expect(started).toEqual([1, 2]);
  end(2);
  await settled();
  expect(started).toEqual([1, 2, 3]);
  end(1);
  await settled();
  end(3);
  end(4);
  expect(await Promise.all(all)).toEqual([1, 2, 3, 4]);
});

test("a piece that fails leaves its place to the next one", async () => {
  const inTurn = limited(1);
  const failing = inTurn(() => Promise.reject(new Error("no answer")));
  const next = inTurn(() => Promise.resolve("next"));
  await expect(failing).rejects.toThrow("no answer");
  expect(await next).toBe("next");
});

test("what nobody waits for any more is not begun", async () => {
  const { started, work, end } = pieces();
  const inTurn = limited(1);
  const first = inTurn(work(1));
  const ending = new AbortController();
  const second = inTurn(work(2), ending.signal);
  ending.abort();
  await settled();
  end(1);
  await first;
  await expect(second).rejects.toThrow();
  expect(started).toEqual([1]);
});
