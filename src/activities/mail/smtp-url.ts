/** Reads the setting SMTP_URL. */
import { parsedUrl } from "../../parsed-url.js";

export interface SmtpSettings {
  host: string;
  port: number;
  /** TLS from the first byte. Otherwise by STARTTLS, or without for a server on this machine. */
  secure: boolean;
  /** Plain text was asked for, and the server is on this machine. */
  plain: boolean;
  user?: string;
  password?: string;
}

export type SmtpReading = { ok: true; settings: SmtpSettings } | { ok: false; fault: string };

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;
const PORTS = { "smtp:": 587, "smtps:": 465 } as const;

/**
 * Reads `smtp://user:password@host:port` (STARTTLS is required) or `smtps://…`. `?tls=none` sends in plain text, and is
 * for a server on this machine alone. The fault never repeats the URL, because it may hold the password.
 */
export function readSmtpUrl(text: string): SmtpReading {
  const url = parsedUrl(text);
  if (url?.protocol !== "smtp:" && url?.protocol !== "smtps:")
    return { ok: false, fault: "it must be smtp://user:password@host:port or smtps://…" };
  if (url.hostname === "" || (url.pathname !== "" && url.pathname !== "/") || url.hash !== "")
    return { ok: false, fault: "it needs a host, and takes no path" };
  const parameters = [...url.searchParams];
  const plain = url.searchParams.get("tls") === "none";
  if (parameters.some(([name, value]) => name !== "tls" || value !== "none"))
    return { ok: false, fault: "the only parameter is tls=none" };
  if (plain && (!LOOPBACK.test(url.hostname) || url.protocol === "smtps:"))
    return { ok: false, fault: "tls=none is for smtp:// to a mail server on this machine alone" };
  let user: string;
  let password: string;
  try {
    [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  } catch {
    return { ok: false, fault: "user and password must be percent-encoded" };
  }
  return {
    ok: true,
    settings: {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? PORTS[url.protocol] : Number(url.port),
      secure: url.protocol === "smtps:",
      plain,
      ...(user !== "" && { user }),
      ...(password !== "" && { password }),
    },
  };
}
