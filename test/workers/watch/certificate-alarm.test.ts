import { pino } from "pino";
import { expect, test } from "vitest";
import { createCertificateAlarm } from "../../../src/workers/watch/certificate-alarm.js";
import type { Notice } from "../../../src/store/notices/notice.js";
import { createMetrics } from "../../../src/metrics.js";
import { createCertificateAuthority } from "../../support/certificates.js";

test(
  "30, 14, 7 and 1 days before the end, and after it, the log says so once, and the gauge holds the " + "soonest end",
  async () => {
    const authority = await createCertificateAuthority();
    const now = new Date("2026-06-01T00:00:00Z");
    const day = (days: number) => new Date(now.getTime() + days * 86_400_000);
    const issue = async (notAfter: Date) =>
      (await authority.issue({ usage: "client", notBefore: day(-400), notAfter })).cert;
    const lines: Record<string, unknown>[] = [];
    const metrics = createMetrics();
    let subscriptions = [
      { id: "sub_soon", groupId: "grp_1", tls: { clientCert: await issue(day(40)) } },
      { id: "sub_late", groupId: "grp_1", tls: { clientCert: await issue(day(400)) } },
      { id: "sub_none", groupId: "grp_1" },
    ];
    const log = pino(
      { level: "info" },
      { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    );
    const look = createCertificateAlarm({
      subscriptions: async () => subscriptions,
      metrics,
      log,
      tell: (notice) => notices.push(notice),
    });
    const notices: Notice[] = [];
    const told: unknown[] = [];
    for (const at of [0, 9, 10, 11, 26, 27, 33, 34, 39, 39.5, 40, 41]) {
      lines.length = 0;
      await look(day(at));
      if (lines.length > 0) told.push([at, ...lines.map((line) => line["subscription"])]);
    }
    expect(told).toEqual([
      [10, "sub_soon"],
      [26, "sub_soon"],
      [33, "sub_soon"],
      [39, "sub_soon"],
      [40, "sub_soon"],
    ]);
    expect(notices.map(({ detail }) => detail?.["days"])).toEqual([30, 14, 7, 1, 0]);
    expect(new Set(notices.map(({ id }) => id)).size).toBe(5);
    expect(notices[0]).toMatchObject({
      kind: "certificate.expiring",
      groupId: "grp_1",
      subscriptionId: "sub_soon",
      detail: { certificate: "client", endsAt: day(40).toISOString() },
    });
    expect((await metrics.clientCertificateEnd.get()).values).toMatchObject([{ value: day(40).getTime() / 1_000 }]);
    expect(JSON.stringify(await metrics.registry.getMetricsAsJSON())).not.toContain("sub_soon");
    subscriptions = [];
    await look(day(41));
    expect((await metrics.clientCertificateEnd.get()).values).toMatchObject([{ value: 0 }]);
  },
);

test("a certificate authority of an endpoint is told as a client certificate is", async () => {
  const now = new Date("2026-06-01T00:00:00Z");
  const authority = await createCertificateAuthority();
  const { cert: ca } = await authority.issue({
    usage: "client",
    notBefore: new Date(now.getTime() - 86_400_000),
    notAfter: new Date(now.getTime() + 5 * 86_400_000),
  });
  const notices: Notice[] = [];
  const look = createCertificateAlarm({
    subscriptions: async () => [{ id: "sub_ca", groupId: "grp_1", tls: { ca } }],
    metrics: createMetrics(),
    log: pino({ level: "silent" }),
    tell: (notice) => notices.push(notice),
  });
  await look(now);
  expect(notices).toMatchObject([
    { kind: "certificate.expiring", subscriptionId: "sub_ca", detail: { certificate: "ca", days: 5 } },
  ]);
});
