/**
 * What is shown of a subscription outside of the service. A signing secret is shown as a prefix, and passwords and
 * private keys are not shown.
 */
import type { z } from "zod";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { certificateEnd } from "../../endpoint/certificates/client-certificate.js";
import { hostForPeople } from "../../endpoint/target/host-look-alikes.js";
import { secretKeyId } from "../../endpoint/signing/signature-headers.js";
import { liveKeys, standardPublicKey } from "../../endpoint/signing/signing-keys.js";
import { canonicalUrl } from "../../endpoint/target/target-url.js";
import type { EndpointAuth, Role, Subscription } from "../../store/model.js";
import { askersOf } from "../../store/subscription-life.js";
import { subscriptionName } from "../../store/subscription-name.js";
import { maskUrl } from "../../store/url-secrets.js";
import type { Actor } from "../access/actor.js";
import { mayAct, seesContent } from "../access/access.js";
import { stateOfHealthView } from "./health-view.js";
import type { subscriptionView, subscriptionWithSecret } from "./schemas.js";
import { parsedUrl } from "../../parsed-url.js";

/** `whsec_` and two characters. This tells secrets apart and does not help to guess one. */
const SHOWN = "whsec_".length + 2;
export const secretPrefix = (secret: string): string => `${secret.slice(0, SHOWN)}…`;

type View = z.input<typeof subscriptionView>;

/**
 * URLs as the actor may see them. An actor who may change the subscription sees them whole. Everybody else sees them
 * without the query.
 */
export const urlFor = (actor: Pick<Actor, "role" | "scopes">): ((url: string) => string) =>
  mayAct(actor, "subscriptions:write") ? (url) => url : maskUrl;

/** Who looks, in a process with this catalogue. */
export interface Viewer {
  actor: Pick<Actor, "role" | "scopes">;
  dependencies: { catalogue: Pick<Catalogue, "pauseEnd"> };
}

/** The subscription as the actor may see it. */
export function subscriptionViewOf({ actor, dependencies: { catalogue } }: Viewer, subscription: Subscription): View {
  const shown = urlFor(actor);
  const pauseEnd = catalogue.pauseEnd(subscription);
  const {
    id,
    groupId,
    url,
    eventTypes,
    requestedEventTypes,
    filter,
    rateLimit,
    retry,
    disableAfterDays,
    auth,
    headers,
    tls,
    secrets,
    status,
    statusReason,
  } = subscription;
  return {
    id,
    groupId,
    ...aboutView(actor, subscription),
    url: shown(canonicalUrl(url)),
    eventTypes,
    status,
    ...hostView(canonicalUrl(url), shown),
    ...(requestedEventTypes && { requestedEventTypes }),
    ...askersView(subscription),
    ...(filter !== undefined && { filter }),
    ...(rateLimit && { rateLimit }),
    ...(retry && { retry }),
    ...(disableAfterDays !== undefined && { disableAfterDays }),
    ...(auth && { auth: Array.isArray(auth) ? auth.map((each) => authView(each, shown)) : authView(auth, shown) }),
    ...(headers && { headers: Object.keys(headers) }),
    ...(tls && { tls: tlsView(tls) }),
    ...techniquesView(subscription),
    secrets: secrets
      .filter(({ expiresAt }) => expiresAt === undefined || expiresAt.getTime() > Date.now())
      .map((each) => ({ prefix: secretPrefix(each.secret), keyid: secretKeyId(id, each), ...lifeOf(each) })),
    ...(statusReason !== undefined && { statusReason }),
    ...(subscription.statusAt && { statusAt: subscription.statusAt.toISOString() }),
    ...(pauseEnd > 0 && { throttledUntil: new Date(pauseEnd).toISOString() }),
    ...statusView(actor, subscription),
    health: stateOfHealthView(subscription),
    createdAt: subscription.createdAt.toISOString(),
    updatedAt: subscription.updatedAt.toISOString(),
  };
}

function askersView(subscription: Subscription): Pick<View, "askedBy"> {
  const askers = askersOf(subscription);
  return askers.length > 0 ? { askedBy: askers.map((id) => ({ id })) } : {};
}

/** Contacts are personal data, and the record that an auditor needs does without them. */
function aboutView(
  actor: Pick<Actor, "role">,
  { name, url, description, contacts, labels, externalId, language }: Subscription,
): Pick<View, "name" | "description" | "contacts" | "labels" | "externalId" | "language"> {
  return {
    name: subscriptionName({ url, ...(name !== undefined && { name }) }),
    ...(description !== undefined && { description }),
    ...(contacts && seesContent(actor) && { contacts }),
    ...(labels && { labels }),
    ...(externalId !== undefined && { externalId }),
    ...(language && { language }),
  };
}

/**
 * Shown beside the URL to the person who approves it: the host in its own letters, and the name that it may be mistaken
 * for.
 */
function hostView(url: string, shown: (url: string) => string): Pick<View, "urlUnicode" | "urlWarnings"> {
  const parsed = parsedUrl(url);
  if (!parsed) return {};
  const { host, hostname, protocol } = parsed;
  const { unicode, warnings } = hostForPeople(hostname);
  const start = `${protocol}//`;
  return {
    ...(unicode !== undefined && {
      urlUnicode: shown(`${start}${host.replace(hostname, unicode)}${url.slice(start.length + host.length)}`),
    }),
    ...(warnings.length > 0 && { urlWarnings: warnings }),
  };
}

function techniquesView({
  signing,
  keys,
  tls,
  pendingCertificate,
}: Subscription): Pick<View, "signing" | "keys" | "clientCertExpiresAt" | "pendingCertificate"> {
  const end = tls?.clientCert === undefined ? undefined : certificateEnd(tls.clientCert);
  const live = liveKeys(keys, new Date());
  return {
    signing: signing ?? { schemes: ["v1"] },
    ...(live.length > 0 && {
      keys: live.map((key) => ({ kid: key.kid, publicKey: standardPublicKey(key), ...lifeOf(key) })),
    }),
    ...(end && { clientCertExpiresAt: end.toISOString() }),
    ...(pendingCertificate && {
      pendingCertificate: {
        certificateRequest: pendingCertificate.request,
        createdAt: pendingCertificate.createdAt.toISOString(),
      },
    }),
  };
}

const lifeOf = ({ createdAt, expiresAt }: { createdAt: Date; expiresAt?: Date }) => ({
  createdAt: createdAt.toISOString(),
  ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
});

function authView(auth: EndpointAuth, shown: (url: string) => string): Extract<View["auth"], { type: string }> {
  if (auth.type === "basic") return { type: auth.type, username: auth.username };
  if (auth.type === "api_key") return { type: auth.type, header: auth.header };
  const { clientSecret: _secret, ...rest } = auth;
  return { ...rest, tokenUrl: shown(canonicalUrl(auth.tokenUrl)) };
}

function tlsView({
  clientCert,
  clientKey,
  ca,
  minVersion,
}: NonNullable<Subscription["tls"]>): NonNullable<View["tls"]> {
  return {
    hasClientKey: clientKey !== undefined,
    ...(clientCert !== undefined && { clientCert }),
    ...(ca !== undefined && { ca }),
    ...(minVersion !== undefined && { minVersion }),
  };
}

function statusView(
  actor: Pick<Actor, "role">,
  { verifiedAt, needsVerification, history = [] }: Subscription,
): Pick<View, "verifiedAt" | "needsVerification" | "history"> {
  return {
    ...(verifiedAt && { verifiedAt: verifiedAt.toISOString() }),
    ...(needsVerification && { needsVerification }),
    history: history.map(({ by, ...change }) => ({
      ...change,
      at: change.at.toISOString(),
      ...(seesWhoStepped(actor, { by, role: change.role }) && { by }),
    })),
  };
}

/** A consumer may not read who works at its provider. Of another party it learns the role. */
const seesWhoStepped = (actor: Pick<Actor, "role">, { by, role }: { by: string; role: Role | undefined }): boolean =>
  actor.role !== "consumer" || role === "consumer" || by === "service";

/** The answer to the request that made the secret. Only this answer contains the whole secret. */
export const viewWithSecret = (
  viewer: Viewer,
  subscription: Subscription,
  secret: string,
): z.input<typeof subscriptionWithSecret> => ({ ...subscriptionViewOf(viewer, subscription), secret });
