/** The connection to the mail server. */
import { createTransport, type Transporter } from "nodemailer";
import type { SmtpSettings } from "./smtp-url.js";

/** Milliseconds after which a server that says nothing counts as away. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, dnsTimeout: 10_000 };

/** One connection, for the mails of one step. Its certificate and name are always checked. */
export const connectSmtp = (
  { host, port, secure, plain, user, password }: SmtpSettings,
  { ca, timeouts = TIMEOUTS }: { ca?: string; timeouts?: typeof TIMEOUTS } = {},
): Transporter =>
  createTransport({
    pool: true,
    maxConnections: 1,
    host,
    port,
    secure,
    requireTLS: !plain,
    ignoreTLS: plain,
    ...(user !== undefined && { auth: { user, pass: password ?? "" } }),
    tls: { minVersion: "TLSv1.2", rejectUnauthorized: true, ...(ca !== undefined && { ca }) },
    ...timeouts,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  });
