/** Mail about notices, to a real SMTP server. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { createCatalogue, type Catalogue } from "../../../src/catalogue/catalogue.js";
import { readerOf, unsubscribeUrl } from "../../../src/catalogue/notices/mail-address.js";
import { createFileMail } from "../../../src/activities/mail/file-mail.js";
import { createSendMail } from "../../../src/activities/mail/send-mail.js";
import { createMetrics } from "../../../src/metrics.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { Notice } from "../../../src/store/notices/notice.js";
import type { SamlConnection } from "../../../src/store/collections/saml-connections.js";
import type { Subscription } from "../../../src/store/model.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { connectTo, type MailServer, startMailServer, startSilentServer } from "../../support/mail-server.js";

const HOUR = 3_600_000;
const now = { createdAt: new Date(), updatedAt: new Date() };
const PUBLIC_URL = "https://hooks.example.com";

let database: TestDatabase;
let store: MongoStore;
let catalogue: Catalogue;
let server: MailServer;
let clock = Date.now();
const warned: unknown[] = [];
const log = { warn: (...args: unknown[]) => void warned.push(args) };
const metrics = createMetrics();

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "mail");
  store = await database.openStore();
  await store.apis.insert({ id: "api_1", name: "Payments", ...now });
  await store.apis.insert({ id: "api_2", name: "Others", ...now });
  await store.eventTypes.insert({ name: "payments.made", apiId: "api_1", ...now });
  for (const id of ["grp_1", "grp_2"])
    await store.groups.insert({
      id,
      name: `Group <b>${id}</b>`,
      grants: ["api_1"],
      samlGroups: [`saml-${id}`],
      ...now,
    });
  catalogue = await createCatalogue({ store });
});
afterAll(async () => {
  catalogue?.close();
  await database?.close();
});
beforeEach(async () => {
  server = await startMailServer();
  clock = Date.now();
  warned.length = 0;
});
afterEach(async () => {
  await server.close();
  await store.mail.remove((await store.mail.due(1_000, new Date(clock + 1_000 * HOUR))).map(({ id }) => id));
  for (const { personId } of await store.mailReaders.all()) await store.mailReaders.delete(personId);
});

let made = 0;
async function subscription(contacts: string[], fields: Partial<Subscription> = {}): Promise<Subscription> {
  const made1 = {
    id: `sub_${++made}`,
    groupId: "grp_1",
    name: 'Ledger <img src=x>\r\nBcc: victim@example.com "prod"',
    url: "https://consumer.example/hook",
    eventTypes: ["payments.made"],
    secrets: [],
    status: "active" as const,
    contacts,
    ...now,
    ...fields,
  };
  await store.subscriptions.insert(made1);
  await catalogue.refresh();
  return made1;
}
const notice = (about: Pick<Subscription, "id" | "groupId">, fields: Partial<Notice> = {}): Notice => ({
  id: `notice/${++made}`,
  kind: "subscription.disabled",
  at: new Date(),
  groupId: about.groupId,
  subscriptionId: about.id,
  reason: "410 <script>alert(1)</script>\r\nBcc: victim@example.com",
  ...fields,
});
const file = (notices: Notice[]) => createFileMail({ store, catalogue, log, now: () => new Date(clock) })(notices);
const sendWith = (connect: MailServer["connect"]) =>
  createSendMail({
    store,
    catalogue,
    metrics,
    log,
    connect,
    from: "Sealpost <noreply@hooks.example.com>",
    publicUrl: PUBLIC_URL,
    now: () => new Date(clock),
  }).sendMail();
const send = () => sendWith(server.connect);
let addresses = 0;
const address = (): string => `ops${++addresses}@example.com`;
/** Quoted-printable, undone. */
const read = (raw: string): string =>
  raw
    .replaceAll(/=\r\n/g, "")
    .replaceAll(/=([0-9A-F]{2})/g, (_all, code: string) => String.fromCharCode(parseInt(code, 16)));

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
    expect(head).toMatch(/^Subject: Sealpost: Sealpost has disabled a subscription/m);
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
    clock += HOUR;
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
    expect(read(server.received[0]?.raw ?? "")).toContain("7 days are left.");
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
    expect(await store.mail.due(10, new Date(clock + 23 * HOUR))).toEqual([]);
    expect(await store.mail.due(10, new Date(clock + 25 * HOUR))).toHaveLength(2);
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
    clock += 2 * 60_000 + 1;
    expect(await send()).toMatchObject({ sent: 1 });
  });

  it("that defers for ever is given up, and one that refuses an address is not asked again for days", async () => {
    const to = address();
    const about = await subscription([to]);
    await file([notice(about)]);
    server.answer.message = 452;
    for (let tries = 0; tries < 17; tries++) {
      expect(await send()).toMatchObject({ sent: 0, others: 1 });
      clock += 3 * HOUR;
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

describe("people who want mail", () => {
  const connection = (id: string, fields: Partial<SamlConnection>): SamlConnection =>
    ({
      id,
      name: id,
      status: "enabled",
      entityId: `https://idp.example/${id}`,
      ssoUrl: "https://idp.example/sso",
      certificates: [],
      groupIds: ["grp_1"],
      roles: [
        { samlGroup: "admins", role: "admin" },
        { samlGroup: "operators", role: "operator" },
        { samlGroup: "payments", role: "provider", apiIds: ["api_1"] },
        { samlGroup: "others", role: "provider", apiIds: ["api_2"] },
      ],
      ...now,
      ...fields,
    }) as SamlConnection;
  const person = async (groups: string[], { connectionId = "sso_1", at = new Date() } = {}): Promise<string> => {
    const email = address();
    await store.mailReaders.put({ personId: `per_${email}`, connectionId, email, groups, at });
    return email;
  };
  beforeAll(async () => {
    await store.samlConnections.insert(connection("sso_1", {}));
    await store.samlConnections.insert(connection("sso_2", { status: "disabled" }));
  });
  const recipients = async (told: Notice): Promise<string[]> => {
    await file([told]);
    clock += HOUR;
    await send();
    return server.received
      .splice(0)
      .flatMap(({ to }) => to)
      .sort();
  };

  it("get what their roles may see now, and nothing of others", async () => {
    const about = await subscription([]);
    const foreign = await subscription([], { groupId: "grp_2" });
    const consumer = await person(["saml-grp_1"]);
    await person(["saml-grp_2"]);
    const admin = await person(["admins"]);
    const operator = await person(["operators"]);
    const payments = await person(["payments"]);
    await person(["others"]);
    await person([]);
    await person(["admins"], { connectionId: "sso_2" });
    await person(["admins"], { at: new Date(Date.now() - 91 * 24 * HOUR) });
    expect(await recipients(notice(about))).toEqual([consumer, admin, operator].sort());
    expect(await recipients(notice(foreign))).toEqual([admin, operator].sort());
    expect(await recipients(notice(about, { kind: "subscription.submitted" }))).toEqual([admin, payments].sort());
    expect(await recipients(notice(about, { kind: "secret.rotated" }))).toEqual([consumer]);
    const saml = { id: "saml/1", kind: "certificate.expiring", at: new Date(), subject: "sso_1" } as const;
    expect(await recipients({ ...saml, detail: { certificate: "saml", endsAt: "2026-12-01", days: 3 } })).toEqual([
      admin,
    ]);
    expect(await recipients({ id: "audit/1", kind: "audit.broken", at: new Date() })).toEqual([admin]);
  });

  it("get nothing more once they are erased", async () => {
    const id = await store.people.loggedIn({ connectionId: "sso_1", nameId: "ann", at: new Date(Date.now() - 1_000) });
    await store.mailReaders.put({
      personId: id,
      connectionId: "sso_1",
      email: address(),
      groups: ["admins"],
      at: new Date(),
    });
    expect(await store.mailReaders.has(id)).toBe(true);
    await store.erasures.erase(`person/${id}`, "key:1");
    expect(await recipients({ id: "audit/2", kind: "audit.broken", at: new Date() })).toEqual([]);
    expect(await store.mailReaders.has(id)).toBe(false);
  });

  it("are one reader with a contact of the same address", async () => {
    const to = await person(["saml-grp_1"]);
    const about = await subscription([to.toUpperCase()]);
    expect(await recipients(notice(about))).toHaveLength(1);
  });
});
