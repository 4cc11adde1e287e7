import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createServiceProvider } from "../../../src/api/saml/service-provider.js";
import { loadConfig } from "../../../src/workers/config.js";
import { retireTrial, startTrialIdp, TRIAL_CONNECTION, type TrialIdp } from "../../../src/workers/trial/trial-idp.js";
import type { MongoStore } from "../../../src/store/index.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";

const PUBLIC_URL = "http://127.0.0.1:8080";
let idp: TrialIdp;
let database: TestDatabase;
let store: MongoStore;

beforeAll(async () => {
  const started = await startTrialIdp(PUBLIC_URL);
  if (!started) throw new Error("@boxyhq/saml20 is not installed");
  idp = started;
  database = await openDatabase(inject("mongodbUrl"), "trial");
  store = await database.openStore();
  await idp.register(store);
});
afterAll(async () => {
  await idp?.close();
  await database?.close();
});

const connection = async () => {
  const found = await store.samlConnections.get(TRIAL_CONNECTION);
  if (!found) throw new Error("no connection");
  return found;
};
const post = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${idp.url}/sso`, {
    method: "POST",
    headers: { origin: idp.url, "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(form).toString(),
  });
const requestOf = (url: string) => new URL(url).searchParams.get("SAMLRequest") ?? "";

describe("the trial identity provider", () => {
  it("signs for the service beside it what the service takes, once", async () => {
    const provider = createServiceProvider({ store, publicUrl: PUBLIC_URL });
    const { url, requestId } = await provider.begin(await connection(), "key");
    expect(url.startsWith(`${idp.url}/sso?`)).toBe(true);
    expect(await (await fetch(url)).text()).toMatch(
      /For trial only[\s\S]*Ada Admin[\s\S]*Pia Provider[\s\S]*Carl Consumer/,
    );
    const page = await (await post({ SAMLRequest: requestOf(url), RelayState: "key", person: "provider" })).text();
    const response = /name="SAMLResponse" value="([^"]+)"/.exec(page)?.[1] ?? "";
    expect(page).toContain(`action="${PUBLIC_URL}/saml/acs/${TRIAL_CONNECTION}"`);
    expect(
      await provider.accept(await connection(), { SAMLResponse: response, RelayState: "key" }, [requestId]),
    ).toMatchObject({
      ok: true,
      identity: {
        nameId: "provider@trial.example",
        displayName: "Pia Provider",
        email: "provider@trial.example",
        groups: ["trial-providers"],
      },
    });
    expect(await provider.accept(await connection(), { SAMLResponse: response }, [requestId])).toMatchObject({
      ok: false,
      code: "replayed",
    });
  });

  it("signs for nobody else", async () => {
    const foreign = createServiceProvider({ store, publicUrl: "https://evil.example" });
    const { url } = await foreign.begin(await connection(), "key");
    const answer = await post({ SAMLRequest: requestOf(url), person: "admin" });
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain("SAMLResponse");
    const { url: ours } = await createServiceProvider({ store, publicUrl: PUBLIC_URL }).begin(
      await connection(),
      "key",
    );
    for (const [form, headers] of [
      [{ person: "root" }, {}],
      [{ person: "__proto__" }, {}],
      [{ person: "admin" }, { origin: "https://evil.example" }],
      [{ person: "admin" }, { origin: "null" }],
    ] as [Record<string, string>, Record<string, string>][]) {
      expect(
        (await post({ SAMLRequest: requestOf(ours), ...form }, headers)).status,
        JSON.stringify([form, headers]),
      ).toBeGreaterThanOrEqual(400);
    }
    for (const garbage of ["", "x", Buffer.from("<a/>").toString("base64")])
      expect((await post({ SAMLRequest: garbage, person: "admin" })).status).toBe(400);
  });

  it("listens on loopback only, and is not found under another name", async () => {
    const { port } = new URL(idp.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest({ host: "127.0.0.1", port, path: "/sso", headers: { host: `rebound.example:${port}` } }, (response) =>
        resolve(response.resume().statusCode),
      )
        .on("error", reject)
        .end();
    });
    expect(status).toBe(421);
    // Every other address of the port is still free, so it was not taken on all of them.
    const other = createServer();
    await new Promise<void>((resolve, reject) =>
      other.once("error", reject).listen(Number(port), "127.0.0.2", resolve),
    );
    expect((other.address() as AddressInfo).port).toBe(Number(port));
    other.close();
  });

  it("points its connection at the present start, and keeps what an operator changed", async () => {
    await store.samlConnections.update(TRIAL_CONNECTION, (current) => ({
      ...current,
      name: "Renamed",
      ssoUrl: "http://localhost:1/sso",
    }));
    await idp.register(store);
    expect(await connection()).toMatchObject({ name: "Renamed", ssoUrl: `${idp.url}/sso`, status: "enabled" });
    expect((await store.groups.all()).map(({ samlGroups }) => samlGroups)).toEqual([["trial-consumers"]]);
  });

  it("is refused in production, and so is a connection that it left behind", async () => {
    expect(() =>
      loadConfig({
        NODE_ENV: "production",
        SEALPOST_TRIAL_IDP: "1",
        TEMPORAL_ADDRESS: "a:1",
        MONGODB_URL: "mongodb://a",
        SEALPOST_MASTER_KEYS: "a:b",
      }),
    ).toThrow(/SEALPOST_TRIAL_IDP .*refused with NODE_ENV=production/);
    expect(
      loadConfig({
        NODE_ENV: "production",
        TEMPORAL_ADDRESS: "a:1",
        MONGODB_URL: "mongodb://a",
        SEALPOST_MASTER_KEYS: "a:b",
      }).SEALPOST_TRIAL_IDP,
    ).toBeUndefined();
    await retireTrial(store);
    expect(await connection()).toMatchObject({ status: "disabled" });
  });
});
