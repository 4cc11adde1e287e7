/** Reads of many records, part by part, while the store may be away. */
import { describe, expect, it } from "vitest";
import { readRecords } from "../../src/store/read-records.js";
import { StoreError } from "../../src/store/store-error.js";

const away = (): StoreError => new StoreError("unavailable", "It did not answer.");
const quiet = { warn: () => undefined };
const ids = Array.from({ length: 250 }, (_, n) => `evt_${n}`);
const mapOf = (some: readonly string[]): Map<string, string> => new Map(some.map((id) => [id, id]));

describe("records read part by part", () => {
  it("are asked for once each, also when the store is away in between", async () => {
    const asked: (readonly string[])[] = [];
    let calls = 0;
    const found = await readRecords({
      ids,
      log: quiet,
      read: async (some) => {
        if (++calls === 2) throw away();
        asked.push(some);
        return Promise.resolve(mapOf(some));
      },
    });
    expect([...found.keys()]).toEqual(ids);
    expect(asked.flat()).toEqual(ids);
    expect(asked.map(({ length }) => length)).toEqual([100, 100, 50]);
  });

  it("are not asked for again after another failure than the store's absence", async () => {
    let calls = 0;
    const read = async (): Promise<Map<string, string>> => {
      calls++;
      return Promise.reject(new StoreError("sealed_data_invalid", "It is damaged."));
    };
    await expect(readRecords({ ids, log: quiet, read })).rejects.toMatchObject({ code: "sealed_data_invalid" });
    expect(calls).toBe(1);
  });

  it("are not asked for again once they are given up", async () => {
    const stop = new AbortController();
    let calls = 0;
    const read = async (): Promise<Map<string, string>> => {
      calls++;
      stop.abort(new Error("given up"));
      return Promise.reject(away());
    };
    await expect(readRecords({ ids, log: quiet, read, signal: stop.signal })).rejects.toThrow();
    expect(calls).toBe(1);
  });
});
