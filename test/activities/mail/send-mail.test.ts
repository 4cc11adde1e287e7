/** Mail about notices, to a real SMTP server. */
import { describe, expect, it } from "vitest";
import { readerOf, unsubscribeUrl } from "../../../src/catalogue/notices/mail-address.js";
import { connectTo, startMailServer, startSilentServer } from "../../support/mail-server.js";
import {
  address,
  file,
  goOn,
  HOUR,
  mailTime,
  notice,
  PUBLIC_URL,
  read,
  send,
  sendWith,
  server,
  setUpMail,
  store,
  subscription,
  warned,
} from "./mail-setup.js";

setUpMail();

describe("a mail", () => {
  it("goes over TLS to each contact at once, and holds what happened, a link, and no markup of others", async () => {
    const [first, second] = [address(), address()];
    const about = await subscription([first, second]);
    await file([notice(about)]);
    expect(await send()).toEqual({ sent: 2, others: 0, more: false });
    expect(server.received.map(({ to }) => to)).toEqual([[first], [second]]);
    const [mail] = server.received;
    expect(mail?.secure).toBe(true);
    const raw = read(mail?.raw ?? "");
    const [head = ""] = raw.split("\r\n\r\n");
    expect(head).toContain("From: Sealpost <noreply@hooks.example.com>");
    expect(head).toMatch(/^Subject: Sealpost: A subscription was disabled/m);
    expect(head).not.toMatch(/^Bcc:/im);
    expect(head).toContain("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
    expect(raw).toContain(`${PUBLIC_URL}/portal/subscriptions/${about.id}`);
    expect(raw).toContain("410 <script>alert(1)</script> Bcc: victim@example.com");
    const html = raw.slice(raw.indexOf("<!doctype html>"));
    expect(html).toContain("410 &lt;script&gt;");
    expect(html).not.toMatch(/<script|<img|<b>/);
    expect(raw).toContain(unsubscribeUrl(store, PUBLIC_URL, readerOf(store, first)));
    expect(await send()).toEqual({ sent: 0, others: 0, more: false });
  });

  it("has the same Message-ID when it is sent again, because the process died after it was sent", async () => {
    const about = await subscription([address()]);
    const told = notice(about);
    await file([told]);
    await send();
    // It was not removed.
    await file([told]);
    await send();
    const ids = server.received.map(({ raw }) => /^Message-ID: (.*)$/im.exec(raw)?.[1]);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^<[0-9a-f]{40}@hooks\.example\.com>$/);
  });

  it("that can wait is one digest an hour, with counts and links", async () => {
    const to = address();
    const about = await subscription([to]);
    const parked = (count: number) => notice(about, { kind: "delivery.parked", reason: "400", detail: { count } });
    await file([parked(3), parked(4), notice(about, { kind: "secret.rotated" })]);
    expect(await send()).toEqual({ sent: 0, others: 0, more: false });
    goOn(HOUR);
    expect(await send()).toMatchObject({ sent: 1 });
    const raw = read(server.received[0]?.raw ?? "");
    expect(raw).toContain("Subject: Sealpost: 8 notices of the last hour");
    expect(raw).toContain("(7 times)");
    expect(raw).toContain(`${PUBLIC_URL}/portal/deliveries?status=parked&subscriptionId=${about.id}`);
  });

  it("about a certificate waits for the digest, but not in its last week", async () => {
    const about = await subscription([address()]);
    const ends = (days: number) =>
      notice(about, { kind: "certificate.expiring", detail: { certificate: "client", endsAt: "2026-12-01", days } });
    await file([ends(14)]);
    expect(await send()).toMatchObject({ sent: 0 });
    await file([ends(7)]);
    expect(await send()).toMatchObject({ sent: 1 });
    const raw = read(server.received[0]?.raw ?? "");
    expect(raw).toContain("7 days are left.");
    // In the title of the page and in its heading, and not in a second heading below.
    expect(raw.slice(raw.indexOf("<!doctype html>")).match(/A certificate ends soon/g)).toHaveLength(2);
  });

  it("says what else is known: which certificate, until when, and how many", async () => {
    const about = await subscription([address()], { language: "de" });
    const { reason: _reason, ...disabling } = notice(about, {
      kind: "subscription.failing",
      detail: { since: "2026-11-24T09:24:00.000Z", disablesAt: "2026-11-29T09:18:30.000Z" },
    });
    await file([
      disabling,
      notice(about, {
        kind: "certificate.expiring",
        detail: { certificate: "ca", endsAt: "2026-12-20T08:58:00.000Z", days: 21 },
      }),
      notice(about, { kind: "secret.rotated", detail: { endsAt: "2026-12-01T00:00:00.000Z" } }),
    ]);
    goOn(HOUR);
    expect(await send()).toMatchObject({ sent: 1 });
    const text = Buffer.from(read(server.received[0]?.raw ?? ""), "latin1").toString("utf8");
    expect(text).toContain("Wird deaktiviert, falls vorher kein Versuch gelingt: 2026-11-29 09:18 UTC");
    expect(text).toContain("Zertifikat: Zertifizierungsstelle, mit der der Endpunkt geprüft wird");
    expect(text).toContain("Läuft ab: 2026-12-20 08:58 UTC");
    expect(text).toContain("Das bisherige Geheimnis signiert mit bis: 2026-12-01 00:00 UTC");
  });

  it("never goes to an address that is no contact any more, or that has unsubscribed", async () => {
    const [gone, stays, stopped] = [address(), address(), address()];
    const about = await subscription([gone, stays, stopped]);
    await file([notice(about)]);
    await store.subscriptions.update(about.id, (current) => ({ ...current, contacts: [stays, stopped] }));
    await store.mail.stop(readerOf(store, stopped.toUpperCase()), "unsubscribed");
    expect(await send()).toEqual({ sent: 1, others: 2, more: false });
    expect(server.received.map(({ to }) => to)).toEqual([[stays]]);
    expect(await store.mail.count()).toBe(0);
  });

  it("is one of 20 a day for an address, and the rest comes when there is room again", async () => {
    const about = await subscription([address()]);
    for (let n = 0; n < 22; n++) await file([notice(about)]);
    let sent = 0;
    for (let step = 0; step < 4; step++) sent += (await send()).sent;
    expect(sent).toBe(20);
    expect(await store.mail.count()).toBe(2);
    expect(await store.mail.due(10, new Date(mailTime() + 23 * HOUR))).toEqual([]);
    const [first, second] = await store.mail.due(10, new Date(mailTime() + 25 * HOUR));
    // One mail about both of them, which counts when it is sent.
    expect(first).toMatchObject({ mail: second?.mail, tries: 0 });
  });
});

describe("a mail server", () => {
  it("that is away, hangs, or does not let us in fails the step, and nothing is lost or counted", async () => {
    const about = await subscription([address()]);
    await file([notice(about)]);
    const silent = await startSilentServer();
    const closed = await startMailServer();
    await closed.close();
    const strange = await startMailServer();
    const faults = await Promise.all(
      [
        connectTo(silent.port, server.ca),
        connectTo(closed.port, server.ca),
        connectTo(server.port, server.ca, "wrong-password"),
        // Its certificate is of another authority.
        connectTo(strange.port, server.ca),
      ].map((connect) =>
        sendWith(connect).then(
          () => "sent",
          (error: Error) => error.message,
        ),
      ),
    );
    for (const fault of faults) {
      expect(fault).toContain("Check SMTP_URL");
      expect(fault).not.toMatch(/password|@example\.com/);
    }
    await silent.close();
    await strange.close();
    expect(await send()).toMatchObject({ sent: 1 });
  });

  it("that defers a recipient gets the mail again later, and others get theirs", async () => {
    const about = await subscription([address()]);
    await file([notice(about)]);
    server.answer.recipient = 451;
    expect(await send()).toEqual({ sent: 0, others: 1, more: false });
    expect(await send()).toEqual({ sent: 0, others: 0, more: false });
    server.answer.recipient = 0;
    goOn(2 * 60_000 + 1);
    expect(await send()).toMatchObject({ sent: 1 });
  });

  it("that defers for ever is given up, and one that refuses an address is not asked again for days", async () => {
    const to = address();
    const about = await subscription([to]);
    await file([notice(about)]);
    server.answer.message = 452;
    for (let tries = 0; tries < 17; tries++) {
      expect(await send()).toMatchObject({ sent: 0, others: 1 });
      goOn(3 * HOUR);
    }
    expect(await store.mail.count()).toBe(0);
    server.answer.message = 0;
    server.answer.recipient = 550;
    await file([notice(about)]);
    expect(await send()).toMatchObject({ others: 1 });
    server.answer.recipient = 0;
    await file([notice(about)]);
    expect(await send()).toMatchObject({ sent: 0, others: 1 });
    expect(server.received).toEqual([]);
    expect(await store.mail.stopped([readerOf(store, to)])).toEqual(new Set([readerOf(store, to)]));
    expect(JSON.stringify(warned)).not.toContain(to);
  });
});
