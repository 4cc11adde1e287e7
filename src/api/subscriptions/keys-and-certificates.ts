/** Signing keys and client certificates of a subscription: rotation, publication and certificate requests. */
import { createPublicKey } from "node:crypto";
import { z } from "zod";
import { createCertificateRequest } from "../../endpoint/certificates/certificate-request.js";
import { jwksOf, liveKeys, MAX_KEYS, needsKey, newSigningKey } from "../../endpoint/signing/signing-keys.js";
import type { SigningKey } from "../../store/model.js";
import { recordToldAct } from "../access/audit.js";
import { refuse } from "../http/errors.js";
import { created, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { subscriptionRef } from "./about-schemas.js";
import { subscriptionId, subscriptionView } from "./schemas.js";
import { certificateInput, certificateRequestView, csrInput, jwks, signingKeyRotation } from "./technique-schemas.js";
import { findSubscription, readTls } from "./checks.js";
import { subscriptionViewOf } from "./view.js";
import { DAY_OVERLAP_SECONDS, rotatedWith } from "../overlap.js";

const params = z.strictObject({ id: subscriptionRef });
/**
 * A consumer that meets an unknown key id fetches the keys again. This time is for consumers that only look at the
 * clock.
 */
const JWKS_CACHE = "public, max-age=300";

/** The new key comes first. The earlier ones sign and are published until the overlap ends. */
function rotatedKeys(keys: readonly SigningKey[] | undefined, overlapSeconds: number): SigningKey[] {
  const now = new Date();
  return rotatedWith(newSigningKey(now), liveKeys(keys, now), { overlapSeconds, now, most: MAX_KEYS });
}

async function rotateKeys(context: RequestContext<"store" | "catalogue">, id: string, overlapSeconds: number) {
  const before = await findSubscription(context, id);
  if (!before) return refuse("not_found");
  if (!needsKey(before.signing)) return refuse("signing_key_unused");
  const after = await context.dependencies.store.subscriptions.update(id, (current) =>
    needsKey(current.signing) ? { ...current, keys: rotatedKeys(current.keys, overlapSeconds) } : current,
  );
  if (!after) return refuse("not_found");
  await recordToldAct(context, "subscription.rotate_keys", id, { overlapSeconds, kid: after.keys?.[0]?.kid });
  return ok(subscriptionViewOf(context, after));
}

async function requestCertificate(
  context: RequestContext<"store" | "catalogue">,
  id: string,
  { subject, keyType }: z.output<typeof csrInput>,
) {
  if (!(await findSubscription(context, id))) return refuse("not_found");
  const pending = { ...(await createCertificateRequest(subject, keyType)), createdAt: new Date() };
  const after = await context.dependencies.store.subscriptions.update(id, (current) => ({
    ...current,
    pendingCertificate: pending,
  }));
  if (!after) return refuse("not_found");
  await recordToldAct(context, "subscription.request_certificate", id, { keyType: keyType ?? "ec-p256" });
  return created(
    { certificateRequest: pending.request, createdAt: pending.createdAt.toISOString() },
    `/v1/subscriptions/${id}`,
  );
}

async function installCertificate(
  context: RequestContext<"store" | "catalogue" | "operations">,
  id: string,
  certificate: string,
) {
  const before = await findSubscription(context, id);
  if (!before) return refuse("not_found");
  const pending = before.pendingCertificate;
  if (!pending) return refuse("certificate_not_requested");
  const read = readTls({ clientCert: certificate, clientKey: pending.key }, () => "certificate");
  if ("refused" in read) return read;
  // A file that brings a key of its own is not the answer to the request.
  if (!isSameKey(read.clientKey, pending.key))
    return refuse("tls_refused", undefined, {
      reason: "key_mismatch",
      errors: [{ path: "certificate", message: "The certificate is not for the key of the pending request." }],
    });
  let installed = false;
  const after = await context.dependencies.store.subscriptions.update(id, (current) => {
    // If another request was made meanwhile, then it has another key, and the check is not valid for it.
    installed = current.pendingCertificate?.key === pending.key;
    if (!installed) return current;
    const { pendingCertificate: _done, ...rest } = current;
    return { ...rest, tls: { ...current.tls, ...read } };
  });
  if (!after) return refuse("not_found");
  if (!installed) return refuse("certificate_not_requested");
  await recordToldAct(context, "subscription.install_certificate", id);
  await context.dependencies.operations.wake(id);
  return ok(subscriptionViewOf(context, after));
}

function isSameKey(a: string | undefined, b: string): boolean {
  return a !== undefined && createPublicKey(a).equals(createPublicKey(b));
}

async function publishedKeys({ dependencies: { catalogue } }: RequestContext<"catalogue">, id: string) {
  // Read from memory, because the caller has not proved anything.
  const subscription = catalogue.subscription(id);
  if (!subscription) return refuse("not_found");
  return {
    ...ok(jwksOf(liveKeys(subscription.keys, new Date()))),
    headers: { "content-type": "application/jwk-set+json", "cache-control": JWKS_CACHE },
  };
}

const write = { method: "post", tag: "Subscriptions", act: "subscriptions:write", params } as const;

export const subscriptionTechniqueRoutes: readonly ApiRoute[] = [
  route({
    ...write,
    path: "/v1/subscriptions/{id}/keys/rotate",
    operationId: "rotateKeys",
    summary: "Rotate the Ed25519 signing key",
    description:
      "The new key signs and is published at once. The earlier ones do so too until the overlap " +
      "ends. There are at most three keys in all.",
    body: signingKeyRotation,
    bodyOptional: true,
    response: { status: 200, description: "The subscription as it is now", schema: subscriptionView },
    problems: ["signing_key_unused"],
    handle: async (context: RequestContext<"store" | "catalogue">, { params: { id }, body }) =>
      rotateKeys(context, id, body.overlapSeconds ?? DAY_OVERLAP_SECONDS),
  }),
  route({
    ...write,
    path: "/v1/subscriptions/{id}/csr",
    operationId: "requestCertificate",
    summary: "Make a key and a certificate request for mutual TLS",
    description:
      "The private key never leaves the service. A pending request is replaced. The present " +
      "client certificate works until the new one is installed.",
    body: csrInput,
    response: { status: 201, description: "The certificate request", schema: certificateRequestView },
    handle: async (context: RequestContext<"store" | "catalogue">, { params: { id }, body }) =>
      requestCertificate(context, id, body),
  }),
  route({
    ...write,
    path: "/v1/subscriptions/{id}/certificate",
    operationId: "installCertificate",
    summary: "Give the certificate for the pending request",
    description: "It becomes the client certificate at once, with the key that was made for the request.",
    body: certificateInput,
    response: { status: 200, description: "The subscription as it is now", schema: subscriptionView },
    problems: ["certificate_not_requested", "tls_refused"],
    handle: async (context: RequestContext<"store" | "catalogue" | "operations">, { params: { id }, body }) =>
      installCertificate(context, id, body.certificate),
  }),
  route({
    method: "get",
    path: "/jwks/{id}",
    operationId: "readKeys",
    tag: "Subscriptions",
    act: "public",
    summary: "Public signing keys of a subscription",
    description: "A JWK set (RFC 7517) for schemes `v1a` and `rfc9421`.",
    params: z.strictObject({ id: subscriptionId }),
    response: { status: 200, description: "The keys that sign now", schema: jwks },
    handle: async (context: RequestContext<"catalogue">, { params: { id } }) => publishedKeys(context, id),
  }),
];
