/** The receivers of two pages of the docs, which the tests run: one source for the pages and for here. */
import type { Subscription } from "../../parts/subscription/model.js";

export interface Receiver {
  language: string;
  files: { name: string; text: string }[];
  /** How it is run, in a shell. */
  commands: string;
}

/** Programs of docs/how-to/receive-and-verify.md, and of docs/how-to/verify-with-public-keys.md. */
export interface ReceiverPages {
  withSecret: Receiver[];
  /** Each begins its heading with its scheme: `v1a in Python`. */
  withKeys: Receiver[];
}

type Addressed = Pick<Subscription, "id" | "url" | "signing">;

/**
 * Those that take what this subscription gets. Empty where only an HMAC of RFC 9421 is sent.
 * @param origin of the service, where the public keys are
 */
export function fittingReceivers({ withSecret, withKeys }: ReceiverPages, to: Addressed, origin: string): Receiver[] {
  const { schemes, rfc9421 } = to.signing;
  const keyed = schemes.filter(
    (scheme) => scheme === "v1a" || (scheme === "rfc9421" && rfc9421?.alg !== "hmac-sha256"),
  );
  const settings = `export JWKS_URL=${quoted(`${origin}/jwks/${to.id}`)} WEBHOOK_URL=${quoted(to.url)} PORT=9000\n`;
  return [
    ...(schemes.includes("v1") ? withSecret : []),
    ...withKeys
      .filter(({ language }) => keyed.some((scheme) => language.startsWith(`${scheme} `)))
      .map((each) => ({ ...each, commands: settings + each.commands })),
  ];
}

/** One word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Each heading of the page with a program, and the commands that run it. */
export function receiversOf(page: string): Receiver[] {
  return page
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const language = section.slice(0, section.indexOf("\n")).trim();
      const blocks = [...section.matchAll(/^```(\S+) (\S+)\n([^]*?)^```$/gm)].map(
        ([, kind = "", name = "", text = ""]) => ({ kind, name, text }),
      );
      const files = blocks.flatMap(({ kind, name, text }) => (kind === "sh" ? [] : [{ name, text }]));
      const commands = blocks.find(({ kind }) => kind === "sh")?.text ?? "";
      return files.length > 0 ? [{ language, files, commands }] : [];
    });
}
