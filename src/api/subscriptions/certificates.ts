/** The certificates that are saved with a subscription, read out. A private key is not among them. */
import { z } from "zod";
import { oauthOf } from "../../endpoint/auth.js";
import { factsOf } from "../../endpoint/certificates/certificate-facts.js";
import { readPem } from "../../endpoint/certificates/pem.js";
import type { Subscription } from "../../store/model.js";
import { DAY_MS } from "../../workflows/durations.js";
import { refuse } from "../http/errors.js";
import { ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { certificatesView } from "./certificate-schemas.js";
import { findSubscription } from "./checks.js";
import { subscriptionRef } from "./about-schemas.js";

type View = z.input<typeof certificatesView>;
type Certificates = NonNullable<View["client"]>;

/** As of `now`. What cannot be read any more is left out: the attempts that need it say so. */
export function certificatesOf({ tls, auth }: Pick<Subscription, "tls" | "auth">, now: Date): View {
  const client = read(tls?.clientCert, now);
  const authorities = read(tls?.ca, now);
  const tokenAuthorities = read(auth && oauthOf(auth)?.ca, now);
  const [first] = [...(client ?? []), ...(authorities ?? []), ...(tokenAuthorities ?? [])].sort((a, b) =>
    a.notAfter.localeCompare(b.notAfter),
  );
  return {
    ...(client && { client }),
    ...(authorities && { authorities }),
    ...(tokenAuthorities && { tokenAuthorities }),
    ...(first && { endsFirst: { notAfter: first.notAfter, daysLeft: first.daysLeft, sha256: first.sha256 } }),
  };
}

function read(pem: string | undefined, now: Date): Certificates | undefined {
  if (pem === undefined) return undefined;
  const content = readPem(pem);
  if (!content.ok) return undefined;
  return content.certificates.map(({ x509 }) => withDaysLeft(factsOf(x509), now));
}

/** With the whole days until it ends. They are negative once it has ended. */
export const withDaysLeft = <Facts extends { notAfter: string }>(facts: Facts, now: Date) => ({
  ...facts,
  daysLeft: Math.floor((Date.parse(facts.notAfter) - now.getTime()) / DAY_MS),
});

export const subscriptionCertificateRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/subscriptions/{id}/certificates",
    operationId: "readCertificates",
    tag: "Subscriptions",
    act: "subscriptions:read",
    summary: "Read out the certificates of a subscription",
    description:
      "The client certificate and the authorities that are saved with it. What the endpoint itself showed in a " +
      "handshake that failed is in the detail of that attempt.",
    params: z.strictObject({ id: subscriptionRef }),
    response: { status: 200, description: "The certificates", schema: certificatesView },
    async handle(context: RequestContext<"store" | "catalogue">, { params: { id } }) {
      const subscription = await findSubscription(context, id);
      return subscription ? ok(certificatesOf(subscription, new Date())) : refuse("not_found");
    },
  }),
];
