/** Who gets mail because they asked for it. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Notice } from "../../../src/store/notices/notice.js";
import type { SamlConnection } from "../../../src/store/collections/saml-connections.js";
import { address, file, goOn, HOUR, notice, now, send, server, setUpMail, store, subscription } from "./mail-setup.js";

setUpMail();

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
    goOn(HOUR);
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
