/** Messages about notices to chat channels, over HTTPS to a real server. */
import { describe, expect, it } from "vitest";
import {
  chatTime,
  database,
  file,
  goOn,
  HOUR,
  notice,
  send,
  service,
  setUpChat,
  stateOf,
  store,
  subscription,
  textsOf,
  warned,
} from "./chat-setup.js";

setUpChat();

const MINUTE = 60_000;
const sent = (count: number) => ({ sent: count, others: 0, more: false });

describe("a channel", () => {
  it("gets what is urgent at once, with a link into the portal, in the language of the subscription", async () => {
    const about = await subscription("urgent", { language: "fr" });
    await file(notice(about, { reason: "410 <!channel>" }));
    expect(await send()).toEqual(sent(1));
    const [text = ""] = textsOf("urgent");
    expect(text).toContain("Un abonnement a été désactivé");
    expect(text).toContain(`<https://hooks.example.com/portal/subscriptions/${about.id}|Ouvrir>`);
    // A French colon has a space before it.
    expect(text).toContain("Raison : 410 &lt;!channel&gt;");
    expect(await stateOf("urgent")).toEqual({ sentAt: new Date(chatTime()) });
    expect(await send()).toEqual(sent(0));
  });

  it("gets everything else in one message an hour, of all subscriptions that name it", async () => {
    const [one, other] = [await subscription("digest"), await subscription("digest")];
    const parked = (about: typeof one, n: number) => notice(about, { kind: "delivery.parked", detail: { count: n } });
    await file(parked(one, 3), parked(one, 4), parked(other, 1), notice(one, { kind: "secret.rotated" }));
    expect(await send()).toEqual(sent(0));
    goOn(HOUR);
    expect(await send()).toEqual(sent(1));
    const [text = ""] = textsOf("digest");
    expect(text).toContain("9 notices of the last hour");
    expect(text).toContain("(7 times)");
    expect(text).toContain(`subscriptionId=${other.id}`);
  });

  it("of Teams gets a card", async () => {
    await file(notice(await subscription("teams", { chat: { format: "teams", url: service.webhook("teams") } })));
    expect(await send()).toEqual(sent(1));
    expect(service.messages("teams")).toMatchObject([
      { type: "message", attachments: [{ content: { version: "1.4" } }] },
    ]);
  });

  it("gets nothing of what contacts do not get, and nothing once the subscription has another or none", async () => {
    const about = await subscription("left");
    await file(notice(about, { kind: "subscription.submitted" }));
    expect(await store.chat.count()).toBe(0);
    await file(notice(about));
    await store.subscriptions.update(about.id, ({ chat: _chat, ...rest }) => rest);
    expect(await send()).toEqual({ sent: 0, others: 1, more: false });
    expect(service.messages("left")).toEqual([]);
    expect(await store.chat.count()).toBe(0);
  });

  it("gets at most 20 messages a day, and then one about the rest", async () => {
    const about = await subscription("often");
    for (let n = 0; n < 23; n++) await file(notice(about, { reason: `reason ${n}` }));
    let count = 0;
    for (let more = true; more;) {
      const step = await send();
      count += step.sent;
      more = step.more;
    }
    expect(count).toBe(20);
    expect(textsOf("often")).toHaveLength(20);
    expect(await store.chat.due(10, new Date(chatTime() + 23 * HOUR))).toEqual([]);
    const left = await store.chat.due(10, new Date(chatTime() + 25 * HOUR));
    expect(left).toHaveLength(3);
    // One message about all of them, which counts when it is sent.
    expect(new Set(left.map(({ mail, tries }) => `${mail} ${tries}`)).size).toBe(1);
    expect(left[0]?.tries).toBe(0);
  });
});

describe("a channel that does not exist any more", () => {
  it.each([404, 410])("is switched off by %i, and others get theirs", async (status) => {
    const [gone, fine] = [`gone-${status}`, `fine-${status}`];
    service.answer(gone, { status, body: "no_service" });
    const [about, other] = [await subscription(gone), await subscription(fine)];
    await file(notice(about), notice(about), notice(other));
    expect(await send()).toEqual({ sent: 1, others: 1, more: false });
    expect(await stateOf(gone)).toMatchObject({ fault: { kind: "gone", status, code: "no_service" } });
    await file(notice(about));
    expect(await send()).toEqual({ sent: 0, others: 1, more: false });
    expect(service.messages(gone)).toHaveLength(1);
    expect(service.messages(fine)).toHaveLength(1);
    expect(await store.chat.count()).toBe(0);
  });
});

describe("a channel that refuses", () => {
  it("loses that message alone and says why, until the next one gets there", async () => {
    const about = await subscription("refuses");
    service.answer("refuses", { status: 403, body: "action_prohibited" });
    await file(notice(about));
    expect(await send()).toEqual({ sent: 0, others: 1, more: false });
    expect(await store.chat.count()).toBe(0);
    expect(await stateOf("refuses")).toMatchObject({ fault: { kind: "refused", status: 403 } });
    service.answer("refuses", { status: 200, body: "ok" });
    await file(notice(about));
    expect(await send()).toEqual(sent(1));
    expect(await stateOf("refuses")).toEqual({ sentAt: new Date(chatTime()) });
  });
});

describe("a channel that is busy or away", () => {
  it("is left alone as Retry-After says, and then gets one message about all of it", async () => {
    const about = await subscription("busy");
    service.answer("busy", { status: 429, headers: { "retry-after": "1800" } });
    await file(notice(about, { reason: "first" }), notice(about, { reason: "second" }));
    expect(await send()).toEqual({ sent: 0, others: 1, more: false });
    service.answer("busy", { status: 200, body: "ok" });
    goOn(29 * MINUTE);
    await file(notice(about, { kind: "certificate.expiring", detail: { certificate: "ca", days: 3 } }));
    expect(await send()).toEqual({ sent: 0, others: 1, more: false });
    expect(service.messages("busy")).toHaveLength(1);
    goOn(MINUTE + 1);
    expect(await send()).toEqual(sent(1));
    const [, text = ""] = textsOf("busy");
    expect(text).toContain("(2 times)");
    expect(text).toContain("3 days are left.");
  });

  it("is tried again for about a day and given up", async () => {
    const about = await subscription("away");
    service.answer("away", { status: 503 });
    await file(notice(about));
    for (let tries = 0; tries < 17; tries++) {
      expect(await send()).toEqual({ sent: 0, others: 1, more: false });
      goOn(3 * HOUR);
    }
    expect(service.messages("away")).toHaveLength(17);
    expect(await store.chat.count()).toBe(0);
    expect(await stateOf("away")).toMatchObject({ fault: { kind: "given_up", status: 503 } });
  });
});

describe("the URL", () => {
  it("is nowhere in the database in plain text, and in no log", async () => {
    const about = await subscription("canary");
    service.answer("canary", { status: 403, body: "action_prohibited" });
    await file(notice(about));
    await send();
    service.answer("canary", { status: 503 });
    await file(notice(about));
    await send();
    const db = database.client.db(database.name);
    const names = (await db.listCollections().toArray()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["subscriptions", "chatLines", "chatStates"]));
    for (const name of names)
      for (const document of await db.collection(name).find().toArray()) {
        const text = JSON.stringify(document, (_key, value: unknown) =>
          typeof value === "string" && /^[A-Za-z0-9+/]{40,}={0,2}$/.test(value)
            ? Buffer.from(value, "base64").toString("latin1")
            : value,
        );
        expect(text, name).not.toContain("secret-of-canary");
      }
    expect(JSON.stringify(warned)).not.toContain("secret-of");
    expect((await store.subscriptions.get(about.id))?.chat?.url).toBe(service.webhook("canary"));
  });
});
