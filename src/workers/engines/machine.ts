/**
 * What this machine offers. Besides the configuration, this is the only file that reads the environment: PATH, HOME and
 * XDG_CACHE_HOME.
 */
import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** Absolute path of an executable on PATH. */
export function findOnPath(name: string): string | undefined {
  const directories = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

/** Whether it is a file that this user may execute. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Where programs are kept unless SEALPOST_CACHE_DIR says otherwise. It is one place for the machine and not for each
 * data directory, so that a second trial need not download or build them again. Undefined for a user without a home
 * directory.
 */
export function usualCacheDirectory(): string | undefined {
  const given = process.env["XDG_CACHE_HOME"];
  if (given) return join(given, "sealpost");
  try {
    return join(homedir(), ".cache", "sealpost");
  } catch {
    // Neither HOME nor an entry in the password file.
    return undefined;
  }
}

/**
 * Puts the caches of pip and Go below our own. A user who has to set our cache directory has no home for theirs either.
 */
export const toolCachesBelow = (cacheDir: string): Record<string, string> => ({
  PIP_CACHE_DIR: join(cacheDir, "pip"),
  GOCACHE: join(cacheDir, "go-build"),
  GOMODCACHE: join(cacheDir, "go-mod"),
});

/** What any program needs: where programs, its user's home and temporary files are, language and time zone. */
const NEEDED = /^(PATH|HOME|TMPDIR|LANG|LC_ALL|LC_CTYPE|TZ)$/;
/**
 * What pip and Go need besides: the way to the internet, the authorities that they trust there, and their own settings.
 */
const ROUTE = ["(HTTPS?|ALL|NO)_PROXY"];
const TRUST = ["SSL_CERT_(FILE|DIR)", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
const OWN_SETTINGS = [
  "XDG_(CACHE|CONFIG)_HOME",
  "NETRC",
  "PIP_\\w+",
  "PYENV_(ROOT|VERSION)",
  "VIRTUAL_ENV",
  "GO[A-Z0-9]+",
];
const TO_DOWNLOAD = new RegExp(`^(${[...ROUTE, ...TRUST, ...OWN_SETTINGS].join("|")})$`, "i");

/**
 * The environment of a child. The variables are named one by one, so that no setting and no secret of this service is
 * among them. `/proc/<pid>/environ` can be read by everything that runs as this user, and an engine serves every
 * caller.
 */
export function childEnvironment({
  downloads = false,
  set = {},
}: { downloads?: boolean; set?: Record<string, string> } = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => NEEDED.test(name) || (downloads && TO_DOWNLOAD.test(name)),
  );
  return { ...Object.fromEntries(kept), ...set };
}

/** Names a build in the cache, because programs differ by operating system and processor. */
export const machineKind = `${process.platform}-${process.arch}`;
