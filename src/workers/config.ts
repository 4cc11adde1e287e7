/** The only file that reads the environment. It checks the settings (settings.ts) and gives them their types. */
import { resolve } from "node:path";
import type { z } from "zod";
import { readNamedFile } from "../named-file.js";
import type { SettingInForce } from "../api/settings.js";
import { type Setting, SETTINGS } from "./settings/settings.js";

export { SETTINGS } from "./settings/settings.js";

/** A setting that cannot be used. The message is one sentence that names the key and says what to do. */
export class ConfigError extends Error {
  readonly key: string;
  constructor(key: string, message: string) {
    super(message);
    this.name = "ConfigError";
    this.key = key;
  }
}

type Values = { [K in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[K]["schema"]> };

/** The settings, validated. */
export type Config = Values & { production: boolean; dataDir: string };

/**
 * Reads and validates the environment.
 * @throws ConfigError naming the first key that cannot be used
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const values: Record<string, unknown> = {};
  for (const [key, { schema, ...rest }] of Object.entries(SETTINGS) as [keyof typeof SETTINGS, Setting][]) {
    const given = rest.secret ? secretValue(key, environment) : environment[key];
    const text = given === undefined || given === "" ? rest.default : given;
    const parsed = schema.safeParse(text);
    if (!parsed.success) {
      const problem = parsed.error.issues[0]?.message ?? "not usable";
      const shown = rest.secret || given === undefined ? "" : ` "${given.slice(0, 80)}"`;
      throw new ConfigError(key, `${key}${shown} cannot be used: ${problem}. ${rest.meaning}.`);
    }
    values[key] = parsed.data;
  }
  const config = values as Values;
  const production = config.NODE_ENV === "production";
  refuseTrialSettings(config, production);
  refuseHalfMail(config);
  return { ...config, production, dataDir: resolve(config.SEALPOST_DATA_DIR) };
}

/**
 * Every setting as it is in force. Of a secret it says whether there is one, and of a URL it leaves out who logs in.
 */
export function settingsInForce(environment: NodeJS.ProcessEnv = process.env): SettingInForce[] {
  return Object.entries<Setting>(SETTINGS).map(([name, { secret, default: byDefault, meaning }]) => {
    const given = [name, ...(secret ? [`${name}_FILE`] : [])].map((key) => environment[key]).find(Boolean);
    const value = secret ? undefined : (given ?? byDefault);
    return {
      name,
      ...(value !== undefined && { value: value.replace(/\/\/[^/@\s]*@/, "//…@") }),
      isSet: given !== undefined,
      isSecret: secret === true,
      meaning,
    };
  });
}

function secretValue(key: string, environment: NodeJS.ProcessEnv): string | undefined {
  const file = environment[`${key}_FILE`];
  if (file === undefined || file === "") return environment[key];
  if (environment[key]) throw new ConfigError(key, `${key} and ${key}_FILE are both set: keep one of them.`);
  return bytesOfSetting({ key, path: file, named: `${key}_FILE` })
    .toString("utf8")
    .trim();
}

/** The file that a setting names. `named` is that setting, where `key` is the one whose value the file holds. */
export function bytesOfSetting({ key, path, named = key }: { key: string; path: string; named?: string }): Buffer {
  const file = readNamedFile(path);
  if (!file.ok) throw new ConfigError(key, `${named} names ${path}, which ${file.fault}`);
  return file.bytes;
}

/** A mail without a sender, or with links that lead nowhere, is not sent. */
function refuseHalfMail(config: Values): void {
  if (!config.SMTP_URL) return;
  for (const key of ["MAIL_FROM", "PUBLIC_URL"] as const)
    if (config[key] === undefined)
      throw new ConfigError(key, `SMTP_URL needs ${key}: set it, or unset SMTP_URL to send no mail.`);
}

function refuseTrialSettings(config: Values, production: boolean): void {
  if (!production) return;
  if (config.SEALPOST_ALLOW_LOCAL_TARGETS) {
    throw new ConfigError(
      "SEALPOST_ALLOW_LOCAL_TARGETS",
      "SEALPOST_ALLOW_LOCAL_TARGETS opens loopback and private targets and is refused with " +
        "NODE_ENV=production: unset one of the two.",
    );
  }
  if (config.SEALPOST_TRIAL_IDP) {
    throw new ConfigError(
      "SEALPOST_TRIAL_IDP",
      "SEALPOST_TRIAL_IDP lets anybody on this machine log in as an admin and is refused with " +
        "NODE_ENV=production: unset one of the two.",
    );
  }
  for (const key of ["TEMPORAL_ADDRESS", "MONGODB_URL", "SEALPOST_MASTER_KEYS"] as const) {
    if (!config[key])
      throw new ConfigError(
        key,
        `${key} must be set with NODE_ENV=production: the embedded engines and the key file beside ` +
          "the data are for trial.",
      );
  }
}
