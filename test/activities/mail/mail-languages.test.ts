/** Every language has every text, and each reader gets their own. */
import { describe, expect, it, test } from "vitest";
import { MAIL_TEXTS } from "../../../src/activities/mail/mail-languages.js";
import type { MailTexts } from "../../../src/activities/mail/texts/mail-texts.js";
import { MAIL_LANGUAGES } from "../../../src/store/notices/mail-language.js";
import { NOTICE_KINDS } from "../../../src/store/notices/notice.js";
import { address, file, goOn, HOUR, notice, read, send, server, setUpMail, store, subscription } from "./mail-setup.js";

setUpMail();

/** Each text with its name. Of those that are made, the forms for none, one and several. */
function textsOf({ kinds, facts, certificates, colon: _colon, reasons: _reasons, ranOut, ...others }: MailTexts) {
  const made = Object.entries(others).flatMap(([name, text]) =>
    typeof text === "function" ? [0, 1, 2].map((n) => [`${name} ${n}`, text(n)] as const) : [[name, text] as const],
  );
  const named = [kinds, facts, certificates].flatMap((texts) => Object.entries(texts));
  return new Map<string, string>([...named, ...made, ["ranOut", ranOut("…")]]);
}
/** These are the same word in English. */
const SAME = new Set<string>([]);

test.each(MAIL_LANGUAGES)("no subject in %s says the name of the service twice", (language) => {
  for (const text of Object.values(MAIL_TEXTS[language].kinds))
    expect(`Sealpost: ${text}`).not.toMatch(/Sealpost.*Sealpost/);
});

test.each(MAIL_LANGUAGES)("%s has every text, in its own words", (language) => {
  const [texts, english] = [textsOf(MAIL_TEXTS[language]), textsOf(MAIL_TEXTS.en)];
  expect([...texts.keys()].sort()).toEqual([...english.keys()].sort());
  expect(Object.keys(MAIL_TEXTS[language].kinds).sort()).toEqual([...NOTICE_KINDS].sort());
  for (const [name, text] of texts) {
    expect(text.trim(), name).toBe(text);
    expect(text.length, name).toBeGreaterThan(1);
    if (language !== "en" && !SAME.has(name)) expect(text, name).not.toBe(english.get(name));
  }
});

describe("a mail", () => {
  const openOf = (index: number): string | undefined => {
    const raw = read(server.received[index]?.raw ?? "");
    return /<html lang="(\w+)">/.exec(raw)?.[1];
  };
  it("to contacts is in the language of the subscription, of its group, or English", async () => {
    await store.groups.update("grp_2", (group) => ({ ...group, language: "fr" }));
    for (const [groupId, language] of [["grp_2", "de"], ["grp_2"], ["grp_1"]] as const) {
      const about = await subscription([address()], { groupId, ...(language && { language }) });
      await file([notice(about)]);
      await send();
    }
    expect([0, 1, 2].map(openOf)).toEqual(["de", "fr", "en"]);
    const [german] = server.received;
    expect(read(german?.raw ?? "")).toContain("Abbestellen");
  });
  it("to a person is in the language that the person chose, also after a later log-in", async () => {
    const at = new Date();
    await store.samlConnections.insert({
      id: "sso_1",
      name: "Acme",
      status: "enabled",
      entityId: "https://idp.example/1",
      ssoUrl: "https://idp.example/sso",
      certificates: [],
      groupIds: ["grp_1"],
      roles: [{ samlGroup: "operators", role: "operator" }],
      requireSignedResponse: true,
      idpInitiated: false,
      createdAt: at,
      updatedAt: at,
    });
    const person = { personId: "per_1", connectionId: "sso_1", email: address(), groups: ["operators"], at };
    await store.mailReaders.put({ ...person, language: "fr" });
    await store.mailReaders.updateKnown({ ...person, groups: ["operators", "more"] });
    const { subscriptionId: _none, groupId: _neither, ...told } = notice(await subscription([]));
    await file([{ ...told, kind: "recovery.waiting", subject: "rec_1", detail: { deliveries: 12_000, until: "x" } }]);
    goOn(HOUR);
    expect(await send()).toMatchObject({ sent: 1 });
    expect(openOf(0)).toBe("fr");
    const raw = read(server.received[0]?.raw ?? "");
    expect(raw).toContain("/portal/recoveries/rec_1");
    expect(Buffer.from(raw, "latin1").toString("utf8")).toContain("deuxième personne");
  });
});
