/**
 * Checks of a subscription that a schema cannot make: whether its group, event types, URL, certificates and secret can
 * be used.
 */
import { isDeepStrictEqual } from "node:util";
import { authsOf, headerOf, oauthOf } from "../../endpoint/auth.js";
import { checkTls, type TlsField } from "../../endpoint/certificates/client-certificate.js";
import { compileFilter } from "../../catalogue/filter.js";
import { isPatterned, parseSigningSecret } from "../../endpoint/signing/sign.js";
import { canonicalUrl } from "../../endpoint/target/target-url.js";
import type { EndpointAuth, EndpointTls, Subscription } from "../../store/model.js";
import { ownsEventType, seesGroup, seesSubscription } from "../access/access.js";
import { refuse, type FieldError, type Refusal } from "../http/errors.js";
import type { RequestContext } from "../route.js";

/** The group that a new subscription is for, or why it cannot be. A consumer with one group may leave it out. */
export async function groupFor(
  { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
  given: string | undefined,
): Promise<string | Refusal> {
  const groupId = given ?? (actor.groupIds?.length === 1 ? actor.groupIds[0] : undefined);
  if (groupId === undefined)
    return refuse("invalid_request", undefined, { errors: [{ path: "groupId", message: "is needed" }] });
  if (!catalogue.group(groupId)) await catalogue.refresh();
  return catalogue.group(groupId) && seesGroup(actor, groupId) ? groupId : refuse("group_unknown");
}

/** Every event type must exist, be granted to the group, and be within the limits of a provider key. */
export async function refuseEventTypes(
  { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
  groupId: string,
  names: readonly string[],
): Promise<Refusal | undefined> {
  const missing = (name: string) => !catalogue.granted(groupId, name) || !ownsEventType(actor, catalogue, name);
  // What another process granted a moment ago may not be here yet.
  if (names.some(missing)) await catalogue.refresh();
  const errors: FieldError[] = names.flatMap((name, index) =>
    missing(name) ? [{ path: `eventTypes[${index}]`, message: "is no event type that the group is granted" }] : [],
  );
  return errors.length === 0 ? undefined : refuse("event_type_not_granted", undefined, { errors });
}

/**
 * What the SSRF guard says about the URL, by its text and by what its name resolves to now. The guard is asked again at
 * each attempt.
 */
export async function refuseUrl(
  { dependencies }: RequestContext<"refuseTarget">,
  url: string,
): Promise<Refusal | undefined> {
  const reason = await dependencies.refuseTarget(url);
  return reason === undefined
    ? undefined
    : refuse("target_refused", undefined, { errors: [{ path: "url", message: reason }] });
}

/** The URLs of a subscription in the form in which they are stored, called and signed. */
export function withCanonicalUrls<T extends { url?: string; auth?: Subscription["auth"] | null }>(fields: T): T {
  const { url, auth } = fields;
  return {
    ...fields,
    ...(url !== undefined && { url: canonicalUrl(url) }),
    ...(auth && { auth: Array.isArray(auth) ? auth.map(canonicalAuth) : canonicalAuth(auth) }),
  };
}
const canonicalAuth = (auth: EndpointAuth): EndpointAuth =>
  auth.type === "oauth2" ? { ...auth, tokenUrl: canonicalUrl(auth.tokenUrl) } : auth;

/**
 * The TLS material in the form in which it is saved, or the file that cannot be used. `pathOf` is the path of a file in
 * the input.
 */
export function readTls(
  tls: EndpointTls,
  pathOf: (field: TlsField) => string = (field) => `tls.${field}`,
): EndpointTls | Refusal {
  const checked = checkTls(tls);
  return checked.ok
    ? checked.tls
    : refuse("tls_refused", undefined, {
        reason: checked.code,
        errors: [{ path: pathOf(checked.field), message: checked.reason }],
      });
}

/**
 * The same for a change of what is saved. A saved key is never shown, so nobody can give it again, and a key that was
 * made here never leaves. It stays with a certificate that comes without a key and is for it.
 */
export function readTlsOver(saved: EndpointTls | undefined, tls: EndpointTls): EndpointTls | Refusal {
  const asGiven = readTls(tls);
  if (!("refused" in asGiven) || tls.clientCert === undefined || tls.clientKey !== undefined || !saved?.clientKey)
    return asGiven;
  const withSaved = readTls({ ...tls, clientKey: saved.clientKey });
  return "refused" in withSaved && withSaved.reason === "key_mismatch" ? asGiven : withSaved;
}

/** The path of an authentication method in the input. */
const pathOf = (auth: NonNullable<Subscription["auth"]>, type: string): string =>
  Array.isArray(auth) ? `auth[${auth.findIndex((each) => each.type === type)}]` : "auth";

/** The authentication with its authority in the form that is saved. */
export function readAuth(auth: NonNullable<Subscription["auth"]>): NonNullable<Subscription["auth"]> | Refusal {
  const oauth = oauthOf(auth);
  if (oauth?.ca === undefined) return auth;
  const read = readTls({ ca: oauth.ca }, () => `${pathOf(auth, "oauth2")}.ca`);
  if ("refused" in read) return read;
  const readable = { ...oauth, ca: read.ca };
  return Array.isArray(auth) ? auth.map((each) => (each === oauth ? readable : each)) : readable;
}

/** The token URL is called like an endpoint, so it is refused like one. */
export async function refuseAuth(
  { dependencies }: RequestContext<"refuseTarget">,
  auth: NonNullable<Subscription["auth"]>,
): Promise<Refusal | undefined> {
  const oauth = oauthOf(auth);
  if (!oauth) return undefined;
  const reason = await dependencies.refuseTarget(oauth.tokenUrl);
  return reason === undefined
    ? undefined
    : refuse("target_refused", undefined, {
        errors: [{ path: `${pathOf(auth, "oauth2")}.tokenUrl`, message: reason }],
      });
}

/** A custom header may not have the name of one that authentication writes. */
export function refuseHeaders(auth: Subscription["auth"], headers: Subscription["headers"]): Refusal | undefined {
  const taken = new Set(authsOf(auth).map(headerOf));
  return Object.keys(headers ?? {}).some((name) => taken.has(name.toLowerCase()))
    ? refuse("header_conflict", undefined, {
        errors: [{ path: "headers", message: "names a header that the authentication writes" }],
      })
    : undefined;
}

/** The filter is compiled and its types are checked. The position of a fault is in the message. */
export function refuseFilter(text: string): Refusal | undefined {
  const compiled = compileFilter(text);
  const fault = compiled.ok ? compiled.doubt : compiled;
  if (!fault) return undefined;
  const { line, column, offset, reason } = fault;
  return refuse("filter_invalid", undefined, {
    position: { line, column, offset },
    errors: [{ path: "filter", message: `line ${line}, column ${column}: ${reason}` }],
  });
}

export function refuseSecret(secret: string, path: string): Refusal | undefined {
  const parsed = parseSigningSecret(secret);
  const reason = !parsed.ok
    ? parsed.reason
    : isPatterned(parsed.key)
      ? "A signing secret must not repeat itself: make one with `openssl rand -base64 32`."
      : undefined;
  return reason === undefined
    ? undefined
    : refuse("signing_secret_refused", undefined, { errors: [{ path, message: reason }] });
}

/** The subscription, when it is there and the actor sees it. */
export async function findSubscription(
  { dependencies: { store, catalogue }, actor }: RequestContext<"store" | "catalogue">,
  id: string,
): Promise<Subscription | undefined> {
  const subscription = await store.subscriptions.get(id);
  return subscription && seesSubscription(actor, catalogue, subscription) ? subscription : undefined;
}

const LEAST_DELAY_SECONDS = 1;
const SHORT_DELAY_SECONDS = 60;
const MOST_SHORT_DELAYS = 20;

/**
 * The shortest schedule that a consumer may choose. A hundred attempts without a pause are not retries. A provider may
 * choose less for its own endpoints. What is saved already (`before`) may stay.
 */
export function refuseRetry(
  { actor }: Pick<RequestContext, "actor">,
  retry: RetryInput,
  before?: Subscription["retry"],
): Refusal | undefined {
  if (actor.role !== "consumer" || !retry?.scheduleSeconds) return undefined;
  const { scheduleSeconds: schedule, maxAttempts = schedule.length + 1 } = retry;
  const same =
    isDeepStrictEqual(schedule, before?.scheduleSeconds) && maxAttempts <= (before?.maxAttempts ?? schedule.length + 1);
  if (same) return undefined;
  const tooShort = schedule.findIndex((seconds) => seconds < LEAST_DELAY_SECONDS);
  if (tooShort >= 0)
    return refuse("invalid_request", undefined, {
      errors: [{ path: `retry.scheduleSeconds[${tooShort}]`, message: `must be at least ${LEAST_DELAY_SECONDS}` }],
    });
  // The last delay repeats.
  const delays = Array.from(
    { length: maxAttempts - 1 },
    (_, index) => schedule[Math.min(index, schedule.length - 1)] ?? 0,
  );
  if (delays.filter((seconds) => seconds < SHORT_DELAY_SECONDS).length <= MOST_SHORT_DELAYS) return undefined;
  return refuse("invalid_request", undefined, {
    errors: [
      {
        path: "retry.scheduleSeconds",
        message:
          `must have at most ${MOST_SHORT_DELAYS} attempts after less than ${SHORT_DELAY_SECONDS} ` +
          "seconds, the repeated last delay included",
      },
    ],
  });
}
type RetryInput =
  { scheduleSeconds?: readonly number[] | undefined; maxAttempts?: number | undefined } | null | undefined;

/**
 * Whether a change keeps what a verification is about: where the requests go, and how the endpoint is recognised there.
 */
export const isSameEndpoint = (a: Subscription, b: Subscription): boolean =>
  canonicalUrl(a.url) === canonicalUrl(b.url) && a.tls?.ca === b.tls?.ca;
