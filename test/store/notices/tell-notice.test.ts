import { expect, it } from "vitest";
import { tellNotice } from "../../../src/store/notices/tell-notice.js";
import type { Notice } from "../../../src/store/notices/notice.js";
import type { NoticeStore } from "../../../src/store/notices/notices.js";

const NOTICE: Notice = { id: "n", kind: "secret.rotated", at: new Date(0), groupId: "grp_1" };

/** A store of which only `add` is asked. */
function storeThat(add: NoticeStore["add"]): { notices: NoticeStore } {
  const unused = () => Promise.reject(new Error("not asked for"));
  return {
    notices: {
      add,
      addCount: unused,
      due: unused,
      settle: unused,
      postpone: unused,
      count: unused,
      removeExpired: unused,
    },
  };
}

it("returns at once and throws nothing, whatever the store does", async () => {
  const warned: unknown[] = [];
  const log = { warn: (...args: unknown[]) => void warned.push(args) };
  let asked = 0;
  const never = storeThat(() => {
    asked++;
    return new Promise(() => undefined);
  });
  expect(tellNotice(never, NOTICE, log)).toBeUndefined();
  const failing = storeThat(() => {
    asked++;
    throw new Error("down");
  });
  expect(tellNotice(failing, NOTICE, log)).toBeUndefined();
  await Promise.resolve();
  expect(asked).toBe(2);
  expect(warned).toEqual([]);
});

it("says that a notice is lost when too many wait", async () => {
  const warned = await new Promise<unknown[]>((resolve) => {
    tellNotice(
      storeThat(() => Promise.resolve("full")),
      NOTICE,
      { warn: (...args: unknown[]) => resolve(args) },
    );
  });
  expect(warned[0]).toEqual({ notice: "n", kind: "secret.rotated" });
});
