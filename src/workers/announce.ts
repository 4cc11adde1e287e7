/** The lines that a start ends with. */
import { TEMPORAL_UI_PATH } from "../api/temporal-ui/rules.js";
import type { AdminKey } from "./admin-key.js";
import type { Config } from "./config.js";
import { DEMO_EVENT_TYPE } from "./trial/demo-endpoints.js";
import type { Engines } from "./engines/index.js";

export interface Announcement {
  config: Config;
  url: string;
  engines: Engines;
  admin: AdminKey | undefined;
  demo: boolean;
  trial: boolean;
  /** Rows that grant power are not signed yet. */
  unsigned: boolean;
  logFile: string | undefined;
  say: (line: string) => void;
}

/** Addresses, the first admin key and a line to try, each on a line of its own. */
export function announce({ config, url, engines, admin, demo, trial, unsigned, logFile, say }: Announcement): void {
  say(`Sealpost is ready: ${url}`);
  if (config.ROLE !== "worker") {
    const asWhom = trial ? " (log in at the trial identity provider: admin, provider, operator, consumer)" : "";
    say(`Portal: ${url}/portal${asWhom}`);
    say(`API docs: ${url}/docs`);
  }
  say(`Temporal: ${engines.temporal.address} (${engines.temporal.how})`);
  if (engines.temporal.uiUrl && config.ROLE !== "worker")
    say(`Temporal UI: ${url}${TEMPORAL_UI_PATH}/ (log in as an operator or an admin)`);
  say(`MongoDB: ${engines.mongodb.url.replace(/\/\/[^@/]*@/, "//")} (${engines.mongodb.how})`);
  if (logFile) say(`Log: ${logFile}`);
  if (engines.mongodb.ferretDb)
    say(
      "FerretDB reads a whole collection for each query that is not by id. " +
        "That is right for a trial. For production, set MONGODB_URL.",
    );
  if (unsigned)
    say(
      "Rows that grant power are not signed yet, so anyone who can write to the database can become an admin. " +
        "Run `npm run grants:sign` once every process has this release.",
    );
  if (config.SEALPOST_ALLOW_LOCAL_TARGETS)
    say("SEALPOST_ALLOW_LOCAL_TARGETS is on: http and private addresses may be called. For trial and tests only.");
  if (admin?.from === "now") say(`Admin key (shown only once, so keep it): ${admin.token}`);
  if (admin?.from === "earlier start")
    say(
      "Admin key: the one shown at the first start. " +
        "If you have lost it, set SEALPOST_ADMIN_KEY to what `npm run admin-key` prints.",
    );
  if (admin?.from === "environment") say("Admin key: SEALPOST_ADMIN_KEY");
  if (!demo || !admin) return;
  const token = admin.from === "now" ? admin.token : "$SEALPOST_ADMIN_KEY";
  say("Publish a first event. The built-in demo receiver gets it over mutual TLS and says here what it got:");
  say(
    `  curl -s ${url}/v1/events -H "Authorization: Bearer ${token}" -H 'Content-Type: ` +
      `application/json' -d '{"type":"${DEMO_EVENT_TYPE}","data":{"hello":"world"}}'`,
  );
}
