/** Rows that grant power, for the tests of their signatures. */
import { Binary, type Document } from "mongodb";
import type { RowRefusal } from "../../src/store/grants/refusals.js";
import type { MongoStore } from "../../src/store/mongo/mongo-store.js";
import type { StoredApiKey } from "../../src/store/model.js";
import { AT, later } from "./fixtures.js";

export type Row = Document & { _id: string };

export const key = (id: string, fields: Partial<StoredApiKey> = {}): StoredApiKey => ({
  id,
  name: id,
  role: "auditor",
  hash: Buffer.alloc(32, 1),
  scopes: ["audit:read"],
  createdAt: AT,
  expiresAt: later(60_000),
  ...fields,
});
export const group = (id: string) => ({
  id,
  name: id,
  grants: ["api_1"],
  samlGroups: ["hooks"],
  createdAt: AT,
  updatedAt: AT,
});
export const connection = (id: string) => ({
  id,
  name: id,
  entityId: `https://idp/${id}`,
  ssoUrl: "https://idp/sso",
  certificates: [{ pem: "PEM", notBefore: AT, notAfter: later(1e9), fingerprint256: "f".repeat(64), addedAt: AT }],
  requireSignedResponse: true,
  idpInitiated: false,
  groupIds: ["grp_1"],
  roles: [{ samlGroup: "ops", role: "operator" as const }],
  status: "enabled" as const,
  createdAt: AT,
  updatedAt: AT,
});

/** What is refused while `act` runs. */
export async function refusalsOf(at: MongoStore, act: () => Promise<unknown>): Promise<RowRefusal[]> {
  const found: RowRefusal[] = [];
  at.grants.onRefused((refusal) => void found.push(refusal));
  await act();
  return found;
}

/** As a release before signing has written it, with the same pepper. */
export async function legacyPepper(of: MongoStore): Promise<Row> {
  const { pepper } = of.signing.grants.authority.content;
  const sealed = (await of.keyring.scope("system")).seal(
    { collection: "settings", id: "pepper", field: "sealed", owner: "system" },
    pepper.export(),
  );
  return { _id: "pepper", sealed: new Binary(sealed) };
}
