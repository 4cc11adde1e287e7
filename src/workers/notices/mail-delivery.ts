/** What sends mail in this process. Undefined without a mail server. */
import { readFileSync } from "node:fs";
import type { SendMailDependencies } from "../../activities/mail/send-mail.js";
import { connectSmtp } from "../../activities/mail/smtp.js";
import { type Config, ConfigError } from "../config.js";

export function mailDeliveryOf(
  config: Pick<Config, "SMTP_URL" | "SMTP_CA_FILE" | "MAIL_FROM" | "PUBLIC_URL">,
): Pick<SendMailDependencies, "connect" | "from" | "publicUrl"> | undefined {
  const { SMTP_URL: smtp, SMTP_CA_FILE: file, MAIL_FROM: from, PUBLIC_URL: publicUrl } = config;
  if (!smtp || from === undefined || publicUrl === undefined) return undefined;
  const ca = file === undefined ? undefined : readAuthority(file);
  return {
    connect: () => connectSmtp(smtp, ca === undefined ? {} : { ca }),
    from,
    publicUrl: publicUrl.replace(/\/+$/, ""),
  };
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(
      "SMTP_CA_FILE",
      `SMTP_CA_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"}): ` +
        "correct the path or its permissions.",
    );
  }
}
