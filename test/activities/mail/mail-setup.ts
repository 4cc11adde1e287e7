/** What the tests of mail share: a store, people and subscriptions, and a real SMTP server. */
import { afterAll, afterEach, beforeAll, beforeEach, inject } from "vitest";
import { createCatalogue, type Catalogue } from "../../../src/catalogue/catalogue.js";
import { createFileMail } from "../../../src/activities/mail/file-mail.js";
import { createSendMail } from "../../../src/activities/mail/send-mail.js";
import { createMetrics } from "../../../src/metrics.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { Notice } from "../../../src/store/notices/notice.js";
import type { Subscription } from "../../../src/store/model.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { type MailServer, startMailServer } from "../../support/mail-server.js";

export const HOUR = 3_600_000;
export const now = { createdAt: new Date(), updatedAt: new Date() };
export const PUBLIC_URL = "https://hooks.example.com";

let database: TestDatabase;
export let store: MongoStore;
let catalogue: Catalogue;
export let server: MailServer;
let clock = Date.now();
/** Time goes by. */
export const goOn = (ms: number): void => void (clock += ms);
/** The time that the mail code is told. */
export const mailTime = (): number => clock;
export const warned: unknown[] = [];
const log = { warn: (...args: unknown[]) => void warned.push(args) };
const metrics = createMetrics();

/** Engines, a mail server for each test, and two groups. */
export function setUpMail(): void {
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
}

let made = 0;
export async function subscription(contacts: string[], fields: Partial<Subscription> = {}): Promise<Subscription> {
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
export const notice = (about: Pick<Subscription, "id" | "groupId">, fields: Partial<Notice> = {}): Notice => ({
  id: `notice/${++made}`,
  kind: "subscription.disabled",
  at: new Date(),
  groupId: about.groupId,
  subscriptionId: about.id,
  reason: "410 <script>alert(1)</script>\r\nBcc: victim@example.com",
  ...fields,
});
export const file = (notices: Notice[]) =>
  createFileMail({ store, catalogue, log, now: () => new Date(clock) })(notices);
export const sendWith = (connect: MailServer["connect"]) =>
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
export const send = () => sendWith(server.connect);
let addresses = 0;
export const address = (): string => `ops${++addresses}@example.com`;
/** Quoted-printable, undone. */
export const read = (raw: string): string =>
  raw
    .replaceAll(/=\r\n/g, "")
    .replaceAll(/=([0-9A-F]{2})/g, (_all, code: string) => String.fromCharCode(parseInt(code, 16)));
