/** Whose fault it is that a mail was not sent, by what the SMTP server said (RFC 5321, 4.2.1). */

export type MailFault =
  /** The server is away, or does not let us in. No mail goes out. */
  | { of: "server"; error: Error }
  /** It refused this address, or this mail. `isPassing`: it may take it later (4xx). */
  | { of: "address" | "mail"; isPassing: boolean; code: number };

interface SmtpError extends Error {
  code?: string;
  responseCode?: number;
  command?: string;
}

/** Nothing of the message of the server goes on: it may hold the address, and the user name. */
export function faultOf(error: unknown): MailFault {
  const { code = "unknown", responseCode, command = "" }: Partial<SmtpError> = error instanceof Error ? error : {};
  const isOfMail = /^(RCPT|DATA|MAIL)/.test(command) || code === "EENVELOPE" || code === "EMESSAGE";
  // 421: the server closes, whatever was asked.
  if (responseCode !== undefined && isOfMail && responseCode !== 421)
    return {
      of: command.startsWith("RCPT") || code === "EENVELOPE" ? "address" : "mail",
      isPassing: responseCode < 500,
      code: responseCode,
    };
  return { of: "server", error: serverFault(error) };
}

/** What the operator is told of a server that is away, or that does not let us in. */
export function serverFault(error: unknown): Error {
  const { code = "unknown", responseCode }: Partial<SmtpError> = error instanceof Error ? error : {};
  return new Error(
    `The mail server does not take mail (${code}${responseCode === undefined ? "" : ` ${responseCode}`}). ` +
      "Check SMTP_URL, and that the server runs and lets this account in. Nothing is lost, and mail is sent later.",
  );
}
