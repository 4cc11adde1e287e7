/** What is written of what endpoints show, and how seldom. */
import { expect, test } from "vitest";
import {
  type ChainRecorder,
  createChainRecorder,
  type ShownChain,
} from "../../../src/endpoint/certificates/chain-recorder.js";
import type { EndpointChain } from "../../../src/store/collections/endpoint-chains.js";
import type { CertificateFacts } from "../../../src/store/model.js";

const MINUTE = 60_000;
const facts = (sha256: string): CertificateFacts => ({
  subject: "CN=x",
  issuer: "CN=y",
  serial: "01",
  names: [],
  notBefore: "2026-01-01T00:00:00.000Z",
  notAfter: "2027-01-01T00:00:00.000Z",
  sha256,
});

interface Recording {
  recorder: ChainRecorder;
  clock: { now: number };
  written: EndpointChain[];
  troubles: unknown[];
  /** Makes a chain, and counts how often it is read out. */
  shown: (leaf: string, over?: Partial<ShownChain>) => ShownChain;
  reads: () => number;
}

function recording({ fails = 0 } = {}): Recording {
  const clock = { now: 0 };
  const [written, troubles]: [EndpointChain[], unknown[]] = [[], []];
  let [reads, failures] = [0, fails];
  const recorder = createChainRecorder({
    store: {
      record: async (chain) => {
        if (failures-- > 0) throw new Error("away");
        written.push(chain);
        return true;
      },
    },
    groupOf: async (id) => (id.startsWith("sub_") ? "grp_1" : undefined),
    onTrouble: (error) => troubles.push(error),
    clock: () => clock.now,
  });
  const shown = (leaf: string, over: Partial<ShownChain> = {}): ShownChain => ({
    subscriptionId: "sub_1",
    host: "a.example.com",
    tlsProtocol: "TLSv1.3",
    accepted: true,
    leaf,
    certificates: () => {
      reads++;
      return [facts(leaf)];
    },
    ...over,
  });
  return { recorder, clock, written, troubles, shown, reads: () => reads };
}

test("the same certificate is read out and written once in ten minutes", async () => {
  const { recorder, clock, written, shown, reads } = recording();
  for (let handshake = 0; handshake < 100; handshake++) recorder.note(shown("a"));
  await recorder.written();
  expect(written).toMatchObject([{ subscriptionId: "sub_1", groupId: "grp_1", accepted: true, since: new Date(0) }]);
  expect(reads()).toBe(1);
  clock.now = 11 * MINUTE;
  recorder.note(shown("a"));
  await recorder.written();
  expect(written).toHaveLength(2);
});

test("a change is written, and at most one a minute of servers that take turns", async () => {
  const { recorder, clock, written, shown } = recording();
  for (let second = 0; second < 120; second++) {
    clock.now = second * 1_000;
    recorder.note(shown(second % 2 === 0 ? "a" : "b"));
  }
  await recorder.written();
  expect(written.map(({ certificates }) => certificates[0]?.sha256)).toEqual(["a", "b"]);
});

test.each([
  ["another host", { host: "b.example.com" }],
  ["another version", { tlsProtocol: "TLSv1.2" }],
  ["a handshake that failed", { accepted: false }],
])("%s is a change too", async (_name, over) => {
  const { recorder, clock, written, shown } = recording();
  recorder.note(shown("a"));
  clock.now = 2 * MINUTE;
  recorder.note(shown("a"));
  recorder.note(shown("a", over));
  await recorder.written();
  expect(written).toHaveLength(2);
  expect(written[1]).toMatchObject(over);
});

test("what is no subscription, and a chain that cannot be read, are left out", async () => {
  const { recorder, written, shown } = recording();
  recorder.note(shown("a", { subscriptionId: "no subscription" }));
  recorder.note(shown("a", { certificates: () => [] }));
  await recorder.written();
  expect(written).toEqual([]);
});

test("what could not be written is noted at the next handshake", async () => {
  const { recorder, written, troubles, shown } = recording({ fails: 1 });
  recorder.note(shown("a"));
  await recorder.written();
  expect([written.length, troubles.length]).toEqual([0, 1]);
  recorder.note(shown("a"));
  await recorder.written();
  expect(written).toHaveLength(1);
});

test("it remembers a bounded number of endpoints, and lets a bounded number wait", async () => {
  const { recorder, written, shown } = recording();
  for (let endpoint = 0; endpoint < 150; endpoint++) recorder.note(shown("a", { subscriptionId: `sub_${endpoint}` }));
  await recorder.written();
  expect(written).toHaveLength(100);
  for (let endpoint = 0; endpoint < 1_001; endpoint++) {
    recorder.note(shown("a", { subscriptionId: `sub_more${endpoint}` }));
    await recorder.written();
  }
  recorder.note(shown("a", { subscriptionId: "sub_0" }));
  await recorder.written();
  expect(written).toHaveLength(100 + 1_001 + 1);
});
