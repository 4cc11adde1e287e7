/** What sends mail in this process. Undefined without a mail server. */
import type { SendMailDependencies } from "../../activities/mail/send-mail.js";
import { connectSmtp } from "../../activities/mail/smtp.js";
import { bytesOfSetting, type Config } from "../config.js";

export function mailDeliveryOf(
  config: Pick<Config, "SMTP_URL" | "SMTP_CA_FILE" | "MAIL_FROM" | "PUBLIC_URL">,
): Pick<SendMailDependencies, "connect" | "from" | "publicUrl"> | undefined {
  const { SMTP_URL: smtp, SMTP_CA_FILE: file, MAIL_FROM: from, PUBLIC_URL: publicUrl } = config;
  if (!smtp || from === undefined || publicUrl === undefined) return undefined;
  const ca = file === undefined ? undefined : bytesOfSetting({ key: "SMTP_CA_FILE", path: file }).toString("utf8");
  return {
    connect: () => connectSmtp(smtp, ca === undefined ? {} : { ca }),
    from,
    publicUrl: publicUrl.replace(/\/+$/, ""),
  };
}
