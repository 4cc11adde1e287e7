import { hostname } from "node:os";
import { describe, expect, inject, test } from "vitest";
import { seqOf } from "../../../src/store/audit/audit-chain.js";
import { completeActs } from "../../../src/workers/watch/act-keeper.js";
import { startApi } from "../running-api.js";
import {
  type Entry,
  api,
  away,
  isIntent,
  chain,
  count,
  begun,
  groupIdOf,
  name,
  setUpActIntents,
} from "./act-intents-setup.js";

setUpActIntents();

const log = { warn: () => undefined };

describe("an outcome that is missing", () => {
  const lost = async (act: () => Promise<unknown>): Promise<Entry> => {
    const before = await count();
    away.fails = (entry) => entry.intent !== undefined;
    await act();
    away.fails = () => false;
    return (await begun(before)).find(isIntent) ?? expect.fail("no intent");
  };
  /** What names it as its intent, among the entries behind it. */
  const outcomesOf = async (intent: string) =>
    (await chain(seqOf(intent) ?? 0)).filter((entry) => entry.intent === intent);

  test("is recorded a moment later with its details, while the process lives", async () => {
    const group = String((await api.call("POST", "/v1/groups", { body: { name: name() } })).body["id"]);
    const intent = await lost(async () =>
      expect((await api.call("PATCH", `/v1/groups/${group}`, { body: { name: name() } })).status).toBe(200),
    );
    expect(await completeActs({ store: api.store, log }), "not taken for over while its process is there").toBe(0);
    await expect
      .poll(() => outcomesOf(intent.id), { timeout: 20_000 })
      .toMatchObject([{ action: "group.change", subject: group, detail: { fields: ["name"] } }]);
  });

  test.each<[string, string, (id: string) => Promise<unknown>]>([
    [
      "of a creation that was done",
      "done",
      async (id) =>
        api.store.groups.insert({
          id,
          name: id,
          grants: [],
          samlGroups: [],
          createdAt: new Date(),
          updatedAt: new Date(),
        }),
    ],
    ["of a creation that was not done", "not_done", async () => undefined],
  ])("%s is completed at the start of another process", async (_name, outcome, act) => {
    const id = groupIdOf();
    const intent = await api.store.audit.append({
      actor: "key:1",
      action: "act.begin",
      subject: id,
      detail: {
        operation: "createGroup",
        write: "groups.insert",
        target: id,
        process: `${hostname()}/${process.pid}/0`,
      },
    });
    await act(id);
    const other = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      beside: api,
    });
    const completed = await Promise.all([
      completeActs({ store: other.store, log }),
      completeActs({ store: api.store, log }),
    ]);
    await other.close();
    expect(completed.reduce((sum, each) => sum + each, 0)).toBe(1);
    expect(await outcomesOf(intent)).toMatchObject([
      { actor: "key:1", action: "act.complete", subject: id, detail: { operation: "createGroup", outcome } },
    ]);
  });

  test.each<[string, string, (group: string) => Record<string, unknown>]>([
    ["a change that was not made", "not_done", (target) => ({ write: "groups.update", target })],
    ["a deletion that was not made", "not_done", (target) => ({ write: "groups.delete", target })],
    ["a deletion of what is gone", "done", () => ({ write: "groups.delete", target: "grp_none" })],
    [
      "an erasure that did not reach the ledger",
      "not_done",
      (target) => ({ write: "erasures.erase", target: `group/${target}` }),
    ],
    ["a signal", "unknown", (target) => ({ write: "operations.resend", target })],
    ["something that no release writes", "unknown", () => ({ write: "__proto__.x", target: "constructor" })],
    ["nothing at all", "unknown", () => ({})],
  ])("%s is told by what is there", async (_name, outcome, detailOf) => {
    const group = String((await api.call("POST", "/v1/groups", { body: { name: name() } })).body["id"]);
    const intent = await api.store.audit.append({
      actor: "key:1",
      action: "act.begin",
      subject: group,
      detail: { operation: "any", ...detailOf(group) },
    });
    expect(await completeActs({ store: api.store, log }), "of an unknown process: only when it is surely over").toBe(0);
    expect(await completeActs({ store: api.store, log, now: () => Date.now() + 3_600_000 })).toBe(1);
    expect(await outcomesOf(intent)).toMatchObject([{ action: "act.complete", detail: { outcome } }]);
    expect(await api.store.audit.verify()).toMatchObject({ ok: true });
  });
});
