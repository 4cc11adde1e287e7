/** What the tests of chat channels share: a store, subscriptions with a channel, and a real chat service. */
import { afterAll, afterEach, beforeAll, beforeEach, inject } from "vitest";
import { createFileChat } from "../../../src/activities/chat/file-chat.js";
import { createSendChat } from "../../../src/activities/chat/send-chat.js";
import { chatReaderOf } from "../../../src/catalogue/notices/chat-reader.js";
import { type Catalogue, createCatalogue } from "../../../src/catalogue/catalogue.js";
import { createPostChat, type PostChat } from "../../../src/endpoint/chat/post-chat.js";
import { createSender, type Sender } from "../../../src/endpoint/send.js";
import { createGuard } from "../../../src/endpoint/target/guard.js";
import { createMetrics } from "../../../src/metrics.js";
import type { Subscription } from "../../../src/store/model.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { Notice } from "../../../src/store/notices/notice.js";
import { type ChatService, startChatService } from "../../support/chat-service.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";

export const HOUR = 3_600_000;
const made = { createdAt: new Date(), updatedAt: new Date() };

export let database: TestDatabase;
export let store: MongoStore;
export let service: ChatService;
let catalogue: Catalogue;
let sender: Sender;
let postChat: PostChat;
let clock = Date.now();
export const goOn = (ms: number): void => void (clock += ms);
export const chatTime = (): number => clock;
/** What was logged. */
export const warned: unknown[] = [];
const log = { warn: (...args: unknown[]) => void warned.push(args) };
const metrics = createMetrics();

export function setUpChat(): void {
  beforeAll(async () => {
    database = await openDatabase(inject("mongodbUrl"), "chat");
    store = await database.openStore();
    await store.groups.insert({ id: "grp_1", name: "Acme", grants: [], samlGroups: [], ...made });
    catalogue = await createCatalogue({ store });
    service = await startChatService();
    sender = createSender({ guard: createGuard({ allowLocal: true }) });
    postChat = createPostChat({ sender, version: "0.0.0-test", ca: service.ca });
  });
  afterAll(async () => {
    catalogue?.close();
    await sender?.close();
    await service?.close();
    await database?.close();
  });
  beforeEach(() => {
    clock = Date.now();
    warned.length = 0;
  });
  afterEach(async () => {
    await store.chat.remove((await store.chat.due(1_000, new Date(clock + 1_000 * HOUR))).map(({ id }) => id));
  });
}

let count = 0;
/** A subscription whose notices go to the webhook of this name. */
export async function subscription(name: string, fields: Partial<Subscription> = {}): Promise<Subscription> {
  const subscription = {
    id: `sub_${++count}`,
    groupId: "grp_1",
    name: `Ledger ${name}`,
    url: "https://consumer.example/hook",
    eventTypes: ["payments.made"],
    secrets: [],
    status: "active" as const,
    chat: { format: "slack" as const, url: service.webhook(name) },
    ...made,
    ...fields,
  };
  await store.subscriptions.insert(subscription);
  await catalogue.refresh();
  return subscription;
}

/** An urgent one, if nothing else is said. */
export const notice = ({ id, groupId }: Subscription, fields: Partial<Notice> = {}): Notice => ({
  id: `notice/${++count}`,
  kind: "subscription.disabled",
  at: new Date(),
  groupId,
  subscriptionId: id,
  reason: "410 Gone",
  ...fields,
});
export const file = (...notices: Notice[]): Promise<void> =>
  createFileChat({ store, catalogue, log, now: () => new Date(clock) })(notices);
export const send = () =>
  createSendChat({
    store,
    catalogue,
    metrics,
    log,
    postChat,
    publicUrl: "https://hooks.example.com",
    now: () => new Date(clock),
  }).sendChat();
export const stateOf = (name: string) => store.chat.state(chatReaderOf(store, service.webhook(name)));
export const textsOf = (name: string): string[] => service.messages(name).map(({ text }) => String(text));
