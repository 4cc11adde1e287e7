/** A real SMTP server with TLS, that can be told to refuse, to defer and to hang. */
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { SMTPServer } from "smtp-server";
import { connectSmtp } from "../../src/activities/mail/smtp.js";
import { readSmtpUrl } from "../../src/activities/mail/smtp-url.js";
import { createCertificateAuthority } from "./certificates.js";

export interface ReceivedMail {
  to: string[];
  /** The message as it came, headers and all. */
  raw: string;
  secure: boolean;
}

export interface MailServer {
  port: number;
  /** For SMTP_URL. */
  url: string;
  ca: string;
  received: ReceivedMail[];
  /** What it says to a recipient, or to a message. 0: it takes it. */
  answer: { recipient: number; message: number };
  /** What the service connects with. */
  connect: () => ReturnType<typeof connectSmtp>;
  close(): Promise<void>;
}

const USER = "sealpost";
const PASSWORD = "mail-password";
/** So that a test of a server that hangs does not take long. */
export const SHORT = { connectionTimeout: 2_000, greetingTimeout: 2_000, socketTimeout: 4_000, dnsTimeout: 2_000 };

export async function startMailServer({ port = 0 }: { port?: number } = {}): Promise<MailServer> {
  const authority = await createCertificateAuthority();
  const { cert, key } = await authority.issue({ commonName: "localhost", usage: "server" });
  const received: ReceivedMail[] = [];
  const answer = { recipient: 0, message: 0 };
  const refusal = (code: number): Error => Object.assign(new Error("not now"), { responseCode: code });
  const server = new SMTPServer({
    cert,
    key,
    authMethods: ["PLAIN"],
    onAuth: ({ username, password }, _session, done) =>
      username === USER && password === PASSWORD ? done(null, { user: username }) : done(refusal(535)),
    onRcptTo: (_address, _session, done) => done(answer.recipient === 0 ? null : refusal(answer.recipient)),
    onData(stream, session, done) {
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => void parts.push(part));
      stream.on("end", () => {
        if (answer.message !== 0) return done(refusal(answer.message));
        received.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(parts).toString("utf8"),
          secure: session.secure,
        });
        done();
      });
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const bound = (server.server.address() as AddressInfo).port;
  return {
    port: bound,
    url: urlOf(bound),
    ca: authority.ca,
    received,
    answer,
    connect: connectTo(bound, authority.ca),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const urlOf = (port: number, password = PASSWORD): string => `smtp://${USER}:${password}@localhost:${port}`;

/** Connects as the service does. */
export function connectTo(port: number, ca: string, password = PASSWORD): MailServer["connect"] {
  const read = readSmtpUrl(urlOf(port, password));
  if (!read.ok) throw new Error(read.fault);
  return () => connectSmtp(read.settings, { ca, timeouts: SHORT });
}

/** Takes connections and never says anything. */
export async function startSilentServer(): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
