/** A real browser for tests: the machine's own Chromium, driven by playwright-core. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/**
 * The shell first. It is the same engine without the accounts, extensions and spare processes of a browser, and takes
 * some 40 % less processor time (docs/explanation/decisions/tests-use-chromiums-headless-shell.md).
 */
const PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"].map(
  (name) => `/usr/bin/${name}`,
);

/** Where it is. Undefined when it is not on this machine. */
export const chromiumAtHand = (): string | undefined => PROGRAMS.find((path) => existsSync(path));

/** Starts it. Each context that is made in it is a person's browser of its own. */
export function startChromium(): Promise<Browser> {
  const executablePath = chromiumAtHand();
  if (executablePath === undefined) throw new Error("There is no Chromium: apt-get install chromium.");
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}
