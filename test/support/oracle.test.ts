import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Arrival } from "../../bench/sink.js";
import { broken, type Crash, type DeliveryRecord, judge, type Trial } from "./oracle.js";
import { findTraces } from "./traces.js";

const START = 1_800_000_000_000;
const arrival = (id: string, at: number, rest: Partial<Arrival> = {}): Arrival => ({
  id,
  path: "/a",
  attempt: 1,
  at: START + at,
  tick: at,
  answered: 204,
  signature: "valid",
  ...rest,
});
const record = (id: string, at: number, rest: Partial<DeliveryRecord> = {}): [string, DeliveryRecord] => [
  `${id}.sub`,
  {
    id: `${id}.sub`,
    status: "delivered",
    updatedAt: new Date(START + at).toISOString(),
    attempts: [{ number: 1, at: new Date(START).toISOString(), outcome: "delivered" }],
    ...rest,
  },
];
const crash = (at: number, what = "worker"): Crash => ({ what, from: START + at, until: START + at + 10 });
const trial = (rest: Partial<Trial>): Trial => ({
  deliveries: [{ eventId: "e", subscriptionId: "sub" }],
  subscriptions: [{ id: "sub", path: "/a" }],
  arrivals: [arrival("e", 10)],
  records: new Map([record("e", 20)]),
  crashes: [],
  inFlight: 600,
  ...rest,
});
const brokenInvariants = (rest: Partial<Trial>) => broken(judge(trial(rest))).map((line) => line.slice(0, 2));

describe("judge", () => {
  it("finds nothing in a clean run", () => {
    expect(judge(trial({}))).toMatchObject({ deliveries: 1, lost: [], doubled: 0 });
    expect(brokenInvariants({})).toEqual([]);
  });

  it.each([
    ["has no record", { records: new Map(), arrivals: [] }],
    ["never ended", { records: new Map([record("e", 20, { status: "retrying" })]) }],
    ["is said to be delivered but was never seen", { arrivals: [] }],
  ])("counts an accepted event that %s as lost", (_, rest) => {
    expect(judge(trial(rest)).lost).toEqual(["e.sub"]);
    expect(brokenInvariants(rest)).toContain("I1");
  });

  it("blames a second arrival on a crash only when one lies in between", () => {
    const arrivals = [arrival("e", 10), arrival("e", 500)];
    const records = new Map([record("e", 600)]);
    expect(judge(trial({ arrivals, records, crashes: [crash(200)] }))).toMatchObject({ doubled: 1, unexplained: [] });
    const both = [crash(100, "mongodb"), crash(200), crash(700, "api")];
    expect(judge(trial({ arrivals, records, crashes: both })).doubledAfter).toEqual({ worker: 1 });
    expect(judge(trial({ arrivals, records, crashes: [crash(550)] })).doubledAfter).toEqual({ none: 1 });
    expect(judge(trial({ arrivals, records, crashes: [crash(550)] })).unexplained).toEqual(["e.sub"]);
    expect(brokenInvariants({ arrivals, records, crashes: [crash(200)], inFlight: 0 })).toEqual(["I2"]);
  });

  it("does not take a retry after a refusal for a double", () => {
    const arrivals = [arrival("e", 0, { answered: 503 }), arrival("e", 1_000, { attempt: 2 })];
    expect(judge(trial({ arrivals, records: new Map([record("e", 1_100)]) })).doubled).toBe(0);
  });

  it.each([
    ["after the terminal state", { arrivals: [arrival("e", 30)] }],
    [
      "out of order",
      {
        records: new Map([
          record("e", 20, { attempts: [2, 2].map((number) => ({ number, at: "", outcome: "delivered" })) }),
        ]),
      },
    ],
    [
      "before the retry instant",
      {
        retrySeconds: [1],
        arrivals: [arrival("e", 0, { answered: 500 }), arrival("e", 700, { attempt: 2 })],
        records: new Map([record("e", 800)]),
      },
    ],
  ])("finds an attempt %s", (_, rest) => expect(brokenInvariants(rest)).toEqual(["I3"]));

  it("holds the rate over every window", () => {
    const subscriptions = [{ id: "sub", path: "/a", rateLimit: { perSecond: 10, burst: 2 } }];
    const paced = (ms: number) => Array.from({ length: 50 }, (_, index) => arrival("x", index * ms));
    expect(judge(trial({ subscriptions, arrivals: paced(100) })).violations.I4).toEqual([]);
    expect(judge(trial({ subscriptions, arrivals: paced(80) })).violations.I4).toHaveLength(1);
  });

  it("finds a signature that was not valid, or not checked, and a consumer that was slowed", () => {
    expect(brokenInvariants({ arrivals: [arrival("e", 10, { signature: "invalid" })] })).toEqual(["I7"]);
    expect(brokenInvariants({ arrivals: [arrival("e", 10, { signature: "unchecked" })] })).toEqual(["I7"]);
    expect(brokenInvariants({ isolation: { alone: 10, beside: 25 } })).toEqual(["I5"]);
    expect(brokenInvariants({ isolation: { alone: NaN, beside: NaN } })).toEqual(["I5"]);
  });
});

describe("findTraces", () => {
  it("finds a text plain and in base64 at every offset, also across the edge of two reads", async () => {
    const directory = mkdtempSync(join(tmpdir(), "sealpost-traces-"));
    const canary = "canary-7f3a9d2e51";
    const write = (name: string, content: string) => writeFileSync(join(directory, name), content);
    write("plain", "x".repeat((1 << 20) - 5) + canary);
    for (const offset of [0, 1, 2])
      write(`base64-${offset}`, Buffer.from(`${"z".repeat(offset)}${canary}tail`).toString("base64"));
    write("clean", "nothing here");
    const found = await findTraces([directory], [canary]);
    expect(found.map((file) => file.slice(directory.length + 1)).sort()).toEqual([
      "base64-0",
      "base64-1",
      "base64-2",
      "plain",
    ]);
    rmSync(directory, { recursive: true });
  });
});
