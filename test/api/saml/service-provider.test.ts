/**
 * The life of a log-in at the service provider: request, response, once only, roll-over. Attacks are in attacks.test.ts
 * and wrapping.test.ts.
 */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newRequestId } from "../../../src/api/saml/request-id.js";
import { createServiceProvider } from "../../../src/api/saml/service-provider.js";
import { StoreError } from "../../../src/store/store-error.js";
import { createSamlIdp, createSamlKey, readRequest } from "../../support/saml-idp.js";
import { certificateOf, connectionTo, PUBLIC_URL } from "./connection.js";
import { bench, good, setUpServiceProvider } from "./service-provider-setup.js";

setUpServiceProvider();

const DAY_MS = 86_400_000;
/** What the library would be asked with for a request of this id. */
const requestTo = (connectionId: string, id: string) => ({
  id,
  acsUrl: `${PUBLIC_URL}/saml/acs/${connectionId}`,
  issuer: `${PUBLIC_URL}/saml/metadata/${connectionId}`,
});

describe("a request", () => {
  test(
    "goes to the identity provider with its id, this service's name and address, and the key of " +
      "the browser's state",
    async () => {
      const { url, requestId } = await bench.provider.begin(bench.connection, "state-1");
      expect(url.startsWith(`${bench.idp.ssoUrl}?`)).toBe(true);
      const request = readRequest(url);
      expect(request).toMatchObject({ ...requestTo(bench.connection.id, requestId), relayState: "state-1" });
      expect(request.xml).not.toContain("RequestedAuthnContext");
      expect(request.xml).toContain(`Destination="${bench.idp.ssoUrl}"`);
      expect((await bench.provider.begin(bench.connection, "state-1")).requestId).not.toBe(requestId);
    },
  );

  test("keeps what the address has in its query already", async () => {
    const { searchParams } = new URL(
      (await bench.provider.begin({ ...bench.connection, ssoUrl: "https://idp.example/sso?tenant=a%26b" }, "s")).url,
    );
    expect(searchParams.get("tenant")).toBe("a&b");
    expect(searchParams.get("SAMLRequest")).not.toBeNull();
  });

  test("may carry at most 80 bytes of state", async () => {
    await expect(bench.provider.begin(bench.connection, "é".repeat(41))).rejects.toThrow(RangeError);
    expect(readRequest((await bench.provider.begin(bench.connection, "é".repeat(40))).url).relayState).toBe(
      "é".repeat(40),
    );
  });

  test("writes nothing, however often it is begun", async () => {
    const uses = bench.database.client.db(bench.database.name).collection("samlUses");
    const before = await uses.countDocuments();
    await Promise.all(Array.from({ length: 50 }, () => bench.provider.begin(bench.connection, "s")));
    expect(await uses.countDocuments()).toBe(before);
  });
});

describe("a response is accepted once", () => {
  test("of eight at once over two processes", async () => {
    const other = createServiceProvider({ store: await bench.database.openStore(), publicUrl: PUBLIC_URL });
    for (let round = 0; round < 5; round++) {
      const { url, requestId } = await bench.provider.begin(bench.connection, "s");
      const form = { SAMLResponse: good(readRequest(url)) };
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_each, index) =>
          (index % 2 ? other : bench.provider).accept(bench.connection, form, [requestId]),
        ),
      );
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
      expect(outcomes.filter((outcome) => !outcome.ok && outcome.code === "replayed")).toHaveLength(7);
    }
  });

  test("and one request is answered once, whatever the second answer is", async () => {
    const { url, requestId } = await bench.provider.begin(bench.connection, "s");
    const request = readRequest(url);
    expect(await bench.provider.accept(bench.connection, { SAMLResponse: good(request) }, [requestId])).toMatchObject({
      ok: true,
    });
    expect(await bench.provider.accept(bench.connection, { SAMLResponse: good(request) }, [requestId])).toMatchObject({
      ok: false,
      code: "replayed",
    });
  });

  test("and one assertion serves once, whatever request it answers", async () => {
    const again = { assertionId: `_a${randomBytes(8).toString("hex")}` };
    expect(await bench.postParts(again)).toMatchObject({ ok: true });
    expect(await bench.postParts(again)).toMatchObject({ ok: false, code: "replayed" });
  });

  test("and a bad one uses nothing up", async () => {
    const { url, requestId } = await bench.provider.begin(bench.connection, "s");
    const request = readRequest(url);
    expect(
      await bench.provider.accept(
        bench.connection,
        { SAMLResponse: bench.idp.respond(request, { audience: "urn:x" }) },
        [requestId],
      ),
    ).toMatchObject({ ok: false });
    expect(await bench.provider.accept(bench.connection, { SAMLResponse: good(request) }, [requestId])).toMatchObject({
      ok: true,
    });
  });

  test("and a store that does not answer accepts nobody", async () => {
    const { samlConnections, audit } = bench.store;
    const down = {
      samlConnections,
      audit,
      blindIndex: (label: string, value: string) => bench.store.blindIndex(label, value),
      samlUses: {
        use: () => Promise.reject(new StoreError("unavailable", "down")),
        removeExpired: async () => undefined,
      },
    };
    const provider = createServiceProvider({ store: down, publicUrl: PUBLIC_URL });
    const { url, requestId } = await provider.begin(bench.connection, "s");
    await expect(
      provider.accept(bench.connection, { SAMLResponse: good(readRequest(url)) }, [requestId]),
    ).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a response must answer a request", () => {
  const accept = (id: string, expected: string[], connection = bench.connection) =>
    bench.provider.accept(connection, { SAMLResponse: good(requestTo(connection.id, id)) }, expected);

  test("of this browser, one of its tabs", async () => {
    const [first, second] = await Promise.all([
      bench.provider.begin(bench.connection, "1"),
      bench.provider.begin(bench.connection, "2"),
    ]);
    expect(await accept(second.requestId, [])).toMatchObject({ ok: false, code: "request_unknown" });
    expect(await accept(second.requestId, [first.requestId])).toMatchObject({ ok: false, code: "request_unknown" });
    expect(await accept(second.requestId, [first.requestId, second.requestId])).toMatchObject({ ok: true });
    expect(await accept(first.requestId, [first.requestId, second.requestId])).toMatchObject({ ok: true });
  });

  test("that was made here, for this connection, within ten minutes", async () => {
    const mine = (age: number) => newRequestId(bench.store, bench.connection.id, new Date(Date.now() - age));
    const foreign = newRequestId(bench.store, connectionTo(bench.idp).id);
    const whole = mine(0);
    const forged = `${whole.slice(0, -1)}${whole.endsWith("0") ? "1" : "0"}`;
    const later = mine(0).replace(/^_.{8}/, "_ffffffff");
    for (const id of [foreign, forged, later, "_x", "constructor"])
      expect(await accept(id, [id]), id).toMatchObject({ ok: false, code: "request_unknown" });
    const old = mine(11 * 60_000);
    expect(await accept(old, [old])).toMatchObject({ ok: false, code: "request_expired" });
    const late = mine(9 * 60_000);
    expect(await accept(late, [late])).toMatchObject({ ok: true });
  });

  test("unless the connection takes what nobody asked for; and that too serves once", async () => {
    const connection = { ...bench.connection, idpInitiated: true };
    const unasked = bench.idp.respond(requestTo(connection.id, ""), {
      inResponseTo: null,
      confirmationInResponseTo: null,
    });
    expect(await bench.provider.accept(bench.connection, { SAMLResponse: unasked }, [])).toMatchObject({
      ok: false,
      code: "unsolicited",
    });
    expect(await bench.provider.accept(connection, { SAMLResponse: unasked }, [])).toMatchObject({ ok: true });
    expect(await bench.provider.accept(connection, { SAMLResponse: unasked }, [])).toMatchObject({
      ok: false,
      code: "replayed",
    });
    // What claims to answer a request must answer one, there too.
    expect(
      await bench.provider.accept(connection, { SAMLResponse: good(requestTo(connection.id, "_stolen")) }, []),
    ).toMatchObject({ ok: false, code: "request_unknown" });
  });
});

describe("a connection", () => {
  test("that is disabled lets nobody in", async () => {
    expect(
      await bench.post(good, { field: true, connection: { ...bench.connection, status: "disabled" } }),
    ).toMatchObject({ ok: false, code: "connection_disabled" });
  });

  test("takes no response made for another connection to the same identity provider", async () => {
    const other = connectionTo(bench.idp);
    const { url, requestId } = await bench.provider.begin(other, "s");
    expect(
      await bench.provider.accept(bench.connection, { SAMLResponse: good(readRequest(url)) }, [requestId]),
    ).toMatchObject({ ok: false, code: "request_unknown" });
  });

  test("takes both certificates during a roll-over, and afterwards the new one alone", async () => {
    const next = createSamlIdp(await createSamlKey(), { entityId: bench.idp.entityId });
    const [old, young] = [certificateOf(bench.idp.key.cert), certificateOf(next.key.cert)];
    const byOld = (connection: typeof bench.connection) =>
      bench.post((request) => bench.idp.respond(request), { field: true, connection });
    const byNext = (connection: typeof bench.connection) =>
      bench.post((request) => next.respond(request), { field: true, connection });
    expect(await byNext(bench.connection)).toMatchObject({ ok: false, code: "signature_invalid" });
    for (const certificates of [
      [old, young],
      [young, old],
    ]) {
      expect(await byOld({ ...bench.connection, certificates })).toMatchObject({ ok: true });
      expect(await byNext({ ...bench.connection, certificates })).toMatchObject({ ok: true });
    }
    expect(await byOld({ ...bench.connection, certificates: [young] })).toMatchObject({
      ok: false,
      code: "signature_invalid",
    });
    expect(await byNext({ ...bench.connection, certificates: [young] })).toMatchObject({ ok: true });
  });

  test("trusts no certificate before its time or after it", async () => {
    const ended = createSamlIdp(
      await createSamlKey({ notBefore: new Date(Date.now() - 9 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) }),
      { entityId: bench.idp.entityId },
    );
    const early = createSamlIdp(await createSamlKey({ notBefore: new Date(Date.now() + DAY_MS) }), {
      entityId: bench.idp.entityId,
    });
    for (const idp of [ended, early]) {
      const own = certificateOf(idp.key.cert);
      expect(
        await bench.post((request) => idp.respond(request), {
          field: true,
          connection: { ...bench.connection, certificates: [own] },
        }),
      ).toMatchObject({ ok: false, code: "certificate_expired" });
      expect(
        await bench.post((request) => idp.respond(request), {
          field: true,
          connection: { ...bench.connection, certificates: [own, ...bench.connection.certificates] },
        }),
      ).toMatchObject({ ok: false, code: "signature_invalid" });
    }
  });
});
