/** What is chosen for the protection of an endpoint, and the change that it comes to. */
import type { Schemas } from "../../../api/client.js";
import type { Subscription } from "../../../parts/subscription/model.js";

export const SCHEMES = ["v1", "v1a", "rfc9421"] as const;
export type Scheme = (typeof SCHEMES)[number];
export const AUTHS = ["basic", "api_key", "oauth2"] as const;
export type AuthType = (typeof AUTHS)[number];

/** The fields of each way to authenticate. Those in `SECRETS` are never shown again. */
export const AUTH_FIELDS = {
  basic: ["username", "password"],
  api_key: ["header", "value"],
  oauth2: ["tokenUrl", "clientId", "clientSecret", "scope"],
} as const satisfies Record<AuthType, readonly string[]>;
export const SECRET_FIELDS: readonly string[] = ["password", "value", "clientSecret"];
export const OPTIONAL_FIELDS: readonly string[] = ["scope"];

export interface ProtectionFields {
  schemes: readonly Scheme[];
  /** `kept`: as it is saved now. */
  auth: AuthType | "none" | "kept";
  fields: Readonly<Record<string, string>>;
  /** All own headers anew, because saved values are never shown. No row: none. Absent: as they are saved now. */
  ownHeaders?: readonly OwnHeader[] | undefined;
}

export interface OwnHeader {
  name: string;
  value: string;
}

export const protectionFormOf = ({ signing, auth }: Pick<Subscription, "signing" | "auth">): ProtectionFields => ({
  schemes: signing.schemes,
  auth: auth === undefined ? "none" : "kept",
  fields: {},
});

type Protected = Pick<Subscription, "signing" | "auth" | "headers">;

/** What the form changes, as far as it can be shown. */
export const protectionOf = ({ signing, auth, headers = [] }: Protected) => ({
  signatures: signing.schemes.join(", "),
  auths: auth === undefined ? [] : [auth].flat().map(({ type }): AuthType => type),
  headers: headers.join(", "),
  rest: { signing, auth },
});

/** What was typed, on top of what somebody else has saved meanwhile. */
export function rebasedProtection(form: ProtectionFields, base: Protected, latest: Protected): ProtectionFields {
  const [before, now] = [protectionFormOf(base), protectionFormOf(latest)];
  const isUntouched = form.schemes.join() === before.schemes.join();
  return {
    ...form,
    schemes: isUntouched ? now.schemes : form.schemes,
    // What is saved now can only be left as it is if something is saved.
    auth: form.auth === before.auth || (form.auth === "kept" && latest.auth === undefined) ? now.auth : form.auth,
  };
}

type Change = Pick<Schemas["SubscriptionChange"], "signing" | "auth" | "headers">;

/** Undefined while a name or value is missing, or a name stands twice. */
function headersOf(rows: readonly OwnHeader[]): Pick<Change, "headers"> | undefined {
  const names = rows.map(({ name }) => name.trim().toLowerCase());
  if (rows.some(({ value }) => value === "") || names.includes("") || new Set(names).size < names.length)
    return undefined;
  return { headers: rows.length === 0 ? null : Object.fromEntries(rows.map((row) => [row.name.trim(), row.value])) };
}

function authOf(auth: AuthType, fields: Readonly<Record<string, string>>): NonNullable<Change["auth"]> | undefined {
  const given = (name: string): string => fields[name]?.trim() ?? "";
  if (AUTH_FIELDS[auth].some((name) => given(name) === "" && !OPTIONAL_FIELDS.includes(name))) return undefined;
  switch (auth) {
    case "basic":
      return { type: "basic", username: given("username"), password: fields["password"] ?? "" };
    case "api_key":
      return { type: "api_key", header: given("header"), value: given("value") };
    case "oauth2":
      return {
        type: "oauth2",
        tokenUrl: given("tokenUrl"),
        clientId: given("clientId"),
        clientSecret: fields["clientSecret"] ?? "",
        ...(given("scope") !== "" && { scope: given("scope") }),
      };
  }
}

/** Undefined while something that is needed is empty, or no scheme is chosen. An empty change: nothing was touched. */
export function protectionChange(
  { signing, auth: saved, headers }: Protected,
  form: ProtectionFields,
): Change | undefined {
  if (form.schemes.length === 0) return undefined;
  const schemes = SCHEMES.filter((each) => form.schemes.includes(each));
  const before = SCHEMES.filter((each) => signing.schemes.includes(each));
  const isSigned = schemes.join() !== before.join() && {
    signing: { schemes, ...(signing.rfc9421 && schemes.includes("rfc9421") && { rfc9421: signing.rfc9421 }) },
  };
  const untouched = form.ownHeaders === undefined || (form.ownHeaders.length === 0 && (headers ?? []).length === 0);
  const own = untouched ? {} : headersOf(form.ownHeaders ?? []);
  if (own === undefined) return undefined;
  const rest = { ...isSigned, ...own };
  if (form.auth === "kept") return rest;
  if (form.auth === "none") return { ...rest, ...(saved !== undefined && { auth: null }) };
  const auth = authOf(form.auth, form.fields);
  return auth && { ...rest, auth };
}
