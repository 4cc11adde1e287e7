/** What is wrong with the URL of a webhook as it is typed. The API decides. */
export type ChatUrlFault = "url" | "https" | "looksLikeTeams" | "looksLikeSlack";

const TEAMS = /(^|\.)(logic\.azure\.com|api\.powerplatform\.com|webhook\.office\.com)$/;
const SLACK = /^hooks\.slack(-gov)?\.com$/;

/** Undefined for what can be saved. An empty field is not finished, which is no fault. */
export function chatUrlFault(format: "slack" | "teams", text: string): ChatUrlFault | undefined {
  const given = text.trim();
  if (given === "") return undefined;
  if (!URL.canParse(given)) return "url";
  const { protocol, hostname } = new URL(given);
  if (protocol !== "https:") return "https";
  if (format === "slack" && TEAMS.test(hostname)) return "looksLikeTeams";
  return format === "teams" && SLACK.test(hostname) ? "looksLikeSlack" : undefined;
}
