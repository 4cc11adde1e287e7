/** X.509 certificates read out, for people. */
import { z } from "zod";
import { instant } from "../http/primitives.js";

export const certificateFacts = z
  .object({
    subject: z.string(),
    issuer: z.string(),
    serial: z.string().meta({ description: "In hexadecimal" }),
    names: z
      .array(z.string())
      .meta({ description: "DNS names, addresses and URIs of the subject (subjectAltName), at most 50" }),
    moreNames: z.int().optional().meta({ description: "How many more names it has" }),
    notBefore: instant,
    notAfter: instant,
    sha256: z.string().meta({ description: "SHA-256 of the DER, in hexadecimal without colons" }),
  })
  .meta({ id: "CertificateFacts" });

export const certificateView = certificateFacts
  .extend({ daysLeft: z.int().meta({ description: "Whole days until `notAfter`. Negative once it has ended" }) })
  .meta({ id: "Certificate" });

/** What an endpoint itself showed. */
const endpointChainView = z
  .object({
    host: z.string().meta({ description: "Host and port that were called" }),
    since: instant.meta({ description: "When it was first seen to show these" }),
    accepted: z
      .boolean()
      .meta({ description: "The connection was made. If false, then the handshake failed: the attempt says why" }),
    tlsProtocol: z.string().optional().meta({ description: "`TLSv1.2` or `TLSv1.3`. Absent if none was agreed" }),
    daysLeft: z.int().meta({ description: "Whole days until the endpoint's own certificate ends" }),
    certificates: z.array(certificateView).meta({ description: "In the order in which they were sent. At most five" }),
  })
  .meta({ id: "EndpointCertificates" });

/** What is saved with a subscription for TLS, and what its endpoint showed, read out. */
export const certificatesView = z
  .object({
    client: z
      .array(certificateView)
      .optional()
      .meta({ description: "The client certificate, then its intermediates, as they are sent" }),
    authorities: z
      .array(certificateView)
      .optional()
      .meta({ description: "What the endpoint's certificate must lead to. Absent: the public roots" }),
    tokenAuthorities: z.array(certificateView).optional().meta({ description: "The same for the token URL of OAuth2" }),
    endpoint: endpointChainView
      .optional()
      .meta({
        description:
          "What the endpoint showed at the last full handshake of an attempt or a check. Absent before the first one " +
          "and after the URL has got another host",
      }),
    endsFirst: z
      .object({ notAfter: instant, daysLeft: z.int(), sha256: z.string() })
      .optional()
      .meta({ description: "Which of the saved ones ends first. Absent where nothing is saved" }),
  })
  .meta({ id: "SubscriptionCertificates" });
