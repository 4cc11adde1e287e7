/** Lists on an engine that reads the whole collection for each of them: one at a time, few wait, and what is given up stops. */
import { expect, test } from "vitest";
import { createSingleScan } from "../../src/store/scans.js";

/** A read that ends when it is told to, or when its signal is aborted. */
function createRead() {
  let end = (): void => undefined;
  let begin = (_signal: AbortSignal): void => undefined;
  const begun = new Promise<AbortSignal>((resolve) => (begin = resolve));
  const read = ({ signal }: { signal: AbortSignal }): Promise<string> => new Promise((resolve, reject) => {
    end = () => resolve("done");
    signal.addEventListener("abort", () => reject(new Error("it was stopped")));
    begin(signal);
  });
  return { begun, read, end: () => end() };
}

test("one reads at a time, in the order in which they came", async () => {
  const scan = createSingleScan(60_000);
  const order: string[] = [];
  const [first, second] = [createRead(), createRead()];
  const one = scan((within) => (order.push("first begins"), first.read(within))).then(() => order.push("first ends"));
  const two = scan((within) => (order.push("second begins"), second.read(within)));
  await first.begun;
  first.end();
  await second.begun;
  second.end();
  await Promise.all([one, two]);
  expect(order).toEqual(["first begins", "first ends", "second begins"]);
});

test("what waits has a bound, and what is beyond it is refused at once with the cure", async () => {
  const scan = createSingleScan(60_000);
  const held = createRead();
  const kept = [scan(held.read), ...Array.from({ length: 15 }, () => scan(async () => "read"))];
  await held.begun;
  await expect(scan(async () => "read")).rejects.toMatchObject({ code: "scan_too_long", message: expect.stringContaining("MONGODB_URL") as string });
  held.end();
  expect(await Promise.all(kept)).toEqual(["done", ...Array.from({ length: 15 }, () => "read")]);
  expect(await scan(async () => "read")).toBe("read");
});

test("one that takes too long is stopped, and the next one begins", async () => {
  const scan = createSingleScan(300);
  const endless = createRead();
  const first = scan(endless.read).catch((error: unknown) => error);
  const signal = await endless.begun;
  expect(await first).toMatchObject({ code: "scan_too_long" });
  expect(signal.aborted).toBe(true);
  expect(await scan(async () => "read")).toBe("read");
});
