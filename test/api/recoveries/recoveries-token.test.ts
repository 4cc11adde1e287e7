import { describe, expect, inject, test } from "vitest";
import { WORKFLOW } from "../../../src/workflows/contract.js";
import { makeTenant, startApi } from "../running-api.js";
import { api, tenant, hoursAgo, insert, preview, start, refusal, beside, setUpRecoveries } from "./recoveries-setup.js";

setUpRecoveries();

describe("a token", () => {
  const filter = { since: hoursAgo(23) };
  const workflowOf = (id: unknown) => api.client.workflow.getHandle(`recovery/${String(id)}`).describe();

  test("starts one recovery, in any process; both of two at once get the same recovery or a refusal", async () => {
    await insert(3);
    const { token, count } = await preview(filter);
    const answers = await Promise.all([
      start({ filter, token, reason: "the outage is over" }),
      start({ filter, token }, tenant.consumerKey, beside),
      start({ filter, token }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    const begun = answers.find(({ status }) => status === 202)?.body ?? {};
    expect(begun).toMatchObject({
      status: "running",
      count,
      filter: { groupId: tenant.groupId },
      progress: { found: 0, sent: 0, delivered: 0, failedAgain: 0, underWay: 0, skipped: {} },
    });
    expect((await workflowOf(begun["id"])).type).toBe(WORKFLOW.recovery);
    for (const by of [api, beside]) {
      const problem = await refusal({ filter, token }, tenant.consumerKey, by);
      expect(problem).toMatchObject({ status: 409, code: "preview_changed" });
      expect(problem.detail).toContain(String(begun["id"]));
    }
  });

  test("of a preview here starts a recovery in another process", async () => {
    const { token, filter: frozen } = await preview(filter);
    const answer = await start({ filter, token }, tenant.consumerKey, beside);
    expect(answer).toMatchObject({ status: 202, body: { filter: { until: frozen["until"] } } });
  });

  test("is needed, and made here", async () => {
    expect(await refusal({ filter })).toMatchObject({ status: 400, errors: [{ path: "token" }] });
    expect(await refusal({ filter, token: "not a token" })).toMatchObject({ status: 400, errors: [{ path: "token" }] });
    const { token } = await preview(filter);
    const [text = "", mac = ""] = token.split(".");
    const claims = JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...claims, count: 1_000_000 })).toString("base64url");
    for (const bad of [
      `${forged}.${mac}`,
      text,
      `${text}.`,
      `${text}.${mac}.`,
      `${text}.${"A".repeat(mac.length)}`,
      "x",
    ]) {
      expect(await refusal({ filter, token: bad })).toMatchObject({ status: 409, code: "preview_changed" });
    }
    expect((await start({ filter, token })).status).toBe(202);
  });

  test("is bound to its filter and its actor", async () => {
    const { token, filter: frozen } = await preview(filter);
    const second = await api.key({ role: "consumer", groupId: tenant.groupId });
    for (const key of [second.token, api.adminKey])
      expect(await refusal({ filter: { ...filter, groupId: tenant.groupId }, token }, key)).toMatchObject({
        status: 409,
        code: "preview_changed",
      });
    for (const changed of [
      { since: hoursAgo(22) },
      { ...filter, status: ["parked"] },
      { ...filter, subscriptionId: tenant.subscriptionId },
      { ...filter, eventType: tenant.eventType },
      { ...filter, until: hoursAgo(1) },
    ]) {
      expect(await refusal({ filter: changed, token })).toMatchObject({ status: 409, code: "preview_changed" });
    }
    // The same in other words, and with the `until` that it froze.
    expect(
      (
        await start({
          filter: { ...filter, groupId: tenant.groupId, status: ["exhausted", "parked"], until: frozen["until"] },
          token,
        })
      ).status,
    ).toBe(202);
  });

  test("ends after ten minutes", async () => {
    const late = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      beside: api,
      clock: () => Date.now() + 11 * 60_000,
    });
    try {
      const { token } = await preview(filter);
      expect(await refusal({ filter, token }, tenant.consumerKey, late)).toMatchObject({
        status: 409,
        code: "preview_changed",
      });
      expect((await start({ filter, token })).status).toBe(202);
    } finally {
      await late.close();
    }
  });

  test("takes some growth, and none of more than a tenth and fifty", async () => {
    const of = await makeTenant(api, "growing");
    await insert(5, { of });
    const own = { since: hoursAgo(20) };
    const first = await preview(own, of.consumerKey);
    const second = await preview(own, of.consumerKey);
    expect(first.count).toBe(5);
    await insert(50, { of });
    expect((await start({ filter: own, token: first.token }, of.consumerKey)).status).toBe(202);
    await insert(1, { of });
    expect(await refusal({ filter: own, token: second.token }, of.consumerKey)).toMatchObject({
      status: 409,
      code: "preview_changed",
      detail: expect.stringContaining("51") as string,
    });
    // What came after the preview is not in its window.
    const third = await preview(own, of.consumerKey);
    await insert(60, { of, hours: 0 });
    expect((await start({ filter: own, token: third.token }, of.consumerKey)).status).toBe(202);
  });
});
