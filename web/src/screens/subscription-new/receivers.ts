/** The receivers of docs/how-to/receive-and-verify.md, which the tests run: one source for the page and for here. */

export interface Receiver {
  language: string;
  files: { name: string; text: string }[];
  /** How it is run, in a shell. */
  commands: string;
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
