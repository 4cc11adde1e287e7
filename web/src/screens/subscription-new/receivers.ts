/** The receivers of two pages of the docs, which the tests run: one source for the pages and for here. */
import type { Subscription } from "../../parts/subscription/model.js";
import { isVerifiedByKey } from "../../parts/subscription/techniques.js";
import { shellWord } from "../../parts/text/shell-word.js";

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
  const { signing } = to;
  const keyed = signing.schemes.filter((scheme) => isVerifiedByKey(scheme, signing));
  const jwksUrl = shellWord(`${origin}/jwks/${to.id}`);
  const settings = `export JWKS_URL=${jwksUrl} WEBHOOK_URL=${shellWord(to.url)} PORT=9000\n`;
  return [
    ...(signing.schemes.includes("v1") ? withSecret : []),
    ...withKeys
      .filter(({ language }) => keyed.some((scheme) => language.startsWith(`${scheme} `)))
      .map((each) => ({ ...each, commands: settings + each.commands })),
  ];
}

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
