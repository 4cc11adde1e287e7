/** The table of settings in docs/reference, from the one place that reads them. */
import { SETTINGS } from "../config.js";

/** A Markdown table with one row for each setting: key, default and meaning. */
export function settingsTable(): string {
  const rows = Object.entries(SETTINGS).map(
    ([key, { default: value, meaning, secret }]) =>
      `| \`${key}\`${secret ? ` (or \`${key}_FILE\`)` : ""} | ${value ? `\`${value}\`` : ""} | ` +
      `${meaning.replaceAll("|", "\\|")} |`,
  );
  return `| key | default | meaning |\n|---|---|---|\n${rows.join("\n")}\n`;
}
