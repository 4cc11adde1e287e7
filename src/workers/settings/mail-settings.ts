/** The settings of mail. They are part of settings.ts. */
import { z } from "zod";
import { readSmtpUrl } from "../../activities/mail/smtp-url.js";
import { setting } from "./setting.js";

/** An address, or a name with an address in angle brackets, in one line. */
const SENDER = /^(?:[^<>"\u0000-\u001f\u007f]{1,80} <[^\s<>@"]+@[^\s<>@"]+>|[^\s<>@"]+@[^\s<>@"]+)$/;

const smtpUrl = z.string().transform((text, context) => {
  const read = readSmtpUrl(text);
  if (read.ok) return read.settings;
  context.addIssue({ code: "custom", message: read.fault });
  return z.NEVER;
});

export const MAIL_SETTINGS = {
  SMTP_URL: setting({
    schema: smtpUrl.optional(),
    secret: true,
    meaning:
      "Mail server for notices: `smtp://user:password@host:587`, where STARTTLS is required, or `smtps://…`. " +
      "`?tls=none` sends in plain text to a server on this machine. Without it no mail is sent. It needs MAIL_FROM " +
      "and PUBLIC_URL",
  }),
  SMTP_CA_FILE: setting({
    schema: z.string().min(1).optional(),
    meaning: "PEM file with the CA of the mail server's certificate, if it is a private one",
  }),
  MAIL_FROM: setting({
    schema: z.string().regex(SENDER, "an address, or a name with one: Sealpost <noreply@example.com>").optional(),
    meaning: "Sender of notices by mail",
  }),
} as const;
