/** A mail as a mail program reads it. */

export interface MailParts {
  /** By their names in lower case, unfolded. */
  headers: Map<string, string>;
  text: string;
  html: string;
}

/** Reads a multipart/alternative mail whose parts are quoted-printable or plain. */
export function mailParts(raw: string): MailParts {
  const { headers, body } = split(raw);
  const boundary = /boundary="?([^";]+)"?/.exec(headers.get("content-type") ?? "")?.[1];
  if (boundary === undefined) throw new Error("The mail has no parts.");
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => split(part.replace(/^\r\n/, "")));
  const of = (type: string): string => {
    const part = parts.find((each) => each.headers.get("content-type")?.startsWith(type));
    if (!part) throw new Error(`The mail has no part of ${type}.`);
    return part.headers.get("content-transfer-encoding") === "quoted-printable" ? unquoted(part.body) : part.body;
  };
  return { headers, text: of("text/plain"), html: of("text/html") };
}

function split(message: string): { headers: Map<string, string>; body: string } {
  const end = message.indexOf("\r\n\r\n");
  const head = message.slice(0, end).replaceAll(/\r\n[ \t]+/g, " ");
  const headers = head.split("\r\n").map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { headers: new Map(headers), body: message.slice(end + 4) };
}

const unquoted = (text: string): string =>
  Buffer.from(
    text
      .replaceAll(/=\r\n/g, "")
      .replaceAll(/=([0-9A-F]{2})/g, (_all, code: string) => String.fromCharCode(parseInt(code, 16))),
    "latin1",
  ).toString("utf8");
