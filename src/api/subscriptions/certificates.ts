/** The certificates of a subscription and of its endpoint, read out. A private key is not among them. */
import { z } from "zod";
import { oauthOf } from "../../endpoint/auth.js";
import { factsOf } from "../../endpoint/certificates/certificate-facts.js";
import { readPem } from "../../endpoint/certificates/pem.js";
import type { EndpointChain } from "../../store/collections/endpoint-chains.js";
import type { Subscription } from "../../store/model.js";
import { DAY_MS } from "../../workflows/durations.js";
import { refuse } from "../http/errors.js";
import { ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { certificatesView } from "./certificate-schemas.js";
import { findSubscription } from "./checks.js";
import { subscriptionRef } from "./about-schemas.js";
import { parsedUrl } from "../../parsed-url.js";

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

/** What the endpoint showed, as long as the subscription still calls that host. */
function endpointOf({ url }: Subscription, chain: EndpointChain | undefined, now: Date): Pick<View, "endpoint"> {
  const [own] = chain?.certificates ?? [];
  if (!chain || !own || chain.host !== hostOf(url)) return {};
  const { host, since, accepted, tlsProtocol, certificates } = chain;
  return {
    endpoint: {
      host,
      since: since.toISOString(),
      accepted,
      ...(tlsProtocol !== undefined && { tlsProtocol }),
      daysLeft: withDaysLeft(own, now).daysLeft,
      certificates: certificates.map((facts) => withDaysLeft(facts, now)),
    },
  };
}

const hostOf = (url: string): string | undefined => parsedUrl(url)?.host;

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
      "The client certificate and the authorities that are saved with it, and what the endpoint itself showed last. " +
      "A resumed session shows no certificate, so a new one is seen at the next full handshake. What was shown in a " +
      "handshake that failed is also in the detail of that attempt.",
    params: z.strictObject({ id: subscriptionRef }),
    response: { status: 200, description: "The certificates", schema: certificatesView },
    async handle(context: RequestContext<"store" | "catalogue">, { params: { id } }) {
      const subscription = await findSubscription(context, id);
      if (!subscription) return refuse("not_found");
      const now = new Date();
      const chain = await context.dependencies.store.endpointChains.get(subscription.id);
      return ok({ ...certificatesOf(subscription, now), ...endpointOf(subscription, chain, now) });
    },
  }),
];
