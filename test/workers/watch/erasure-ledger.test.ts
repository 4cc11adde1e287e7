import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import type { Erasure } from "../../../src/store/model.js";
import { ledgerLine, parseLedger } from "../../../src/workers/watch/erasure-ledger.js";

const pepper = (secret: string) => ({
  blindIndex: (label: string, value: string) => createHmac("sha256", secret).update(`${label}|${value}`).digest(),
});
const ours = pepper("ours");
const entries: Erasure[] = [
  { target: "group/grp_1", at: new Date("2026-11-24T09:30:00.000Z"), by: "key:key_1" },
  { target: "event/my-own-id", at: new Date("2026-11-24T09:31:00.001Z"), by: "person:per_x" },
  { target: "person/per_A-b_c", at: new Date("2026-11-24T09:32:00.000Z"), by: "environment" },
];
const text = entries.map((entry) => ledgerLine(ours, entry)).join("");

it("gives back what was written", () => {
  expect(parseLedger(ours, text)).toEqual({ entries, refused: [] });
  expect(parseLedger(ours, `\n${text}\n\n`)).toEqual({ entries, refused: [] });
});

it(
  "refuses a line of another installation, one that was changed, cut short or made up, and goes " +
    "on with the others",
  () => {
    expect(parseLedger(pepper("theirs"), text)).toEqual({ entries: [], refused: [1, 2, 3] });
    const [first = "", second = "", third = ""] = text.split("\n");
    const changed = [
      first.replace("grp_1", "grp_2"),
      first.replace("09:30", "09:31"),
      first.replace("key_1", "key_2"),
      first.slice(0, -20),
      "{}",
      "null",
      "not json",
      `${first} `,
    ];
    expect(parseLedger(ours, [...changed, second, third].join("\n"))).toEqual({
      entries: [entries[0], entries[1], entries[2]],
      refused: [1, 2, 3, 4, 5, 6, 7],
    });
  },
);

it("never names what must not be erased, though its line be authentic", () => {
  const made = ["system", "system/x", "temporal/2026-11-24", "group/", "group/a b", "../x"]
    .map((target) => ledgerLine(ours, { ...entries[0], target } as Erasure))
    .join("");
  expect(parseLedger(ours, made)).toEqual({ entries: [], refused: [1, 2, 3, 4, 5, 6] });
});
