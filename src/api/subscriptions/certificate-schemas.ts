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
