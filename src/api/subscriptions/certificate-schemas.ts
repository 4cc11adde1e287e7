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

/** What is saved with a subscription for TLS, read out. */
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
    endsFirst: z
      .object({ notAfter: instant, daysLeft: z.int(), sha256: z.string() })
      .optional()
      .meta({ description: "Which of them all ends first. Absent where nothing is saved" }),
  })
  .meta({ id: "SubscriptionCertificates" });
