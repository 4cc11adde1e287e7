/**
 * Every setting, with its default and its meaning beside its key. docs/reference/settings.md is made from this file.
 */
import { z } from "zod";
import { isEnvironmentAdminKey } from "../environment-admin-key.js";
import { LOAD_SETTINGS } from "./load-settings.js";
import { RECOVERY_SETTINGS } from "./recovery-settings.js";
import { MAIL_SETTINGS } from "./mail-settings.js";
import { setting, whole } from "./setting.js";

export type { Setting } from "./setting.js";

const flag = z.enum(["", "0", "1", "false", "true"]).transform((value) => value === "1" || value === "true");
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean),
);
const network = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  "IP addresses or networks in CIDR notation, comma separated",
);
const uiAddress = z
  .string()
  .regex(/^https?:\/\/[^\s/?#@]+\/?$/, "http://host:port, without a path")
  .transform((text) => text.replace(/\/$/, ""));
const hostAndPort = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/, "host:port");

/** Every setting of the service. */
export const SETTINGS = {
  PORT: setting({
    schema: whole(0, 65535),
    default: "8080",
    meaning:
      "Port of the API, or of the health server on a pure worker. 0 takes a free port, and the " +
      "start line prints it",
  }),
  HOST: setting({ schema: z.string().min(1), default: "127.0.0.1", meaning: "Address the API listens on" }),
  ROLE: setting({ schema: z.enum(["all", "api", "worker"]), default: "all", meaning: "`all`, `api` or `worker`" }),
  PUBLIC_URL: setting({
    schema: z.url().optional(),
    meaning:
      "Address under which consumers and browsers reach the API. No subscription may lead to it. " +
      "Default: where the API listens",
  }),
  SEALPOST_DATA_DIR: setting({
    schema: z.string().min(1),
    default: ".sealpost",
    meaning: "Directory of everything embedded. If you delete it, the next start begins afresh",
  }),
  SEALPOST_CACHE_DIR: setting({
    schema: z.string().min(1).optional(),
    meaning:
      "Directory for the programs of the embedded engines, and for what npm, pip and Go fetch for " +
      "them. Default: `sealpost` in XDG_CACHE_HOME or in `~/.cache`. Set it for a user without a " +
      "home directory",
  }),
  SEALPOST_ADMIN_KEY: setting({
    schema: z
      .string()
      .refine(
        isEnvironmentAdminKey,
        "it must be 32 random bytes in the form sp_admin_<43 characters>; make a new one with `npm " +
          "run admin-key` (in the image: node dist/workers/commands/make-admin-key.js)",
      )
      .optional(),
    secret: true,
    meaning:
      "First admin API key, as `npm run admin-key` prints it. If it is absent, the first start " +
      "makes one and shows it once",
  }),
  SEALPOST_ALLOW_LOCAL_TARGETS: setting({
    schema: flag,
    default: "",
    meaning:
      "`1` allows subscription URLs with http, loopback or private addresses. It is for trials and " +
      "tests only, and refused with NODE_ENV=production",
  }),
  SEALPOST_MASTER_KEYS: setting({
    schema: z.string().optional(),
    secret: true,
    meaning:
      "Master keys in the form `id:base64,…`, with 32 bytes each. The first one seals, and the " +
      "others still open. If they are absent, one is made in the data directory",
  }),
  SEALPOST_ERASURES_FILE: setting({
    schema: z.string().min(1).optional(),
    meaning:
      "File that records every erasure too. Keep it outside the database and its backups. Each " +
      "start repeats the erasures in it. Default: `erasures.jsonl` in the data directory, and none " +
      "with NODE_ENV=production",
  }),
  SEALPOST_TARGET_PORTS: setting({
    schema: list.pipe(z.array(whole(1, 65535))),
    default: "443,8443",
    meaning: "Ports that subscription URLs may use",
  }),
  SEALPOST_OWN_ADDRESSES: setting({
    schema: list.pipe(z.array(z.union([z.ipv4(), z.ipv6()], "IP addresses, comma separated"))),
    default: "",
    meaning:
      "IP addresses of the service itself, such as its public ingress, comma separated. They are " +
      "never called, whatever a name resolves to",
  }),
  SEALPOST_EGRESS_ADDRESSES: setting({
    schema: list.pipe(z.array(network)),
    default: "",
    meaning:
      "Addresses and networks (CIDR, comma separated) that deliveries come from. `GET /v1/egress` tells them to " +
      "consumers, for the allow lists of their firewalls",
  }),
  SEALPOST_DEMO: setting({
    schema: z
      .enum(["", "0", "1", "false", "true", "quiet"])
      .transform((value) => (value === "quiet" ? value : value === "1" || value === "true")),
    default: "1",
    meaning:
      "`0` starts without the built-in demo, and `quiet` without its traffic: an order every few seconds to three " +
      "endpoints. It needs ROLE=all. With NODE_ENV=production it is never there",
  }),
  SEALPOST_TRIAL_IDP: setting({
    schema: flag.optional(),
    meaning:
      "`0` starts without the trial identity provider. Default: it is there with ROLE=all outside " +
      "production. It is refused with NODE_ENV=production",
  }),
  TEMPORAL_ADDRESS: setting({
    schema: hostAndPort.optional(),
    meaning: "Address of Temporal, host:port. If it is absent, an embedded Temporal runs",
  }),
  TEMPORAL_NAMESPACE: setting({ schema: z.string().min(1), default: "default", meaning: "Temporal namespace" }),
  TEMPORAL_TLS_CA_FILE: setting({
    schema: z.string().optional(),
    meaning: "PEM file with the CA of Temporal's certificate. It turns TLS on",
  }),
  TEMPORAL_TLS_CERT_FILE: setting({
    schema: z.string().optional(),
    meaning: "PEM file with the client certificate for Temporal",
  }),
  TEMPORAL_TLS_KEY_FILE: setting({
    schema: z.string().optional(),
    meaning: "PEM file with the client key for Temporal",
  }),
  TEMPORAL_DURABILITY: setting({
    schema: z.enum(["normal", "full"]),
    default: "normal",
    meaning:
      "Durability of the embedded Temporal. `normal` survives any crash of a process. `full` " +
      "survives a power cut too, and a start takes 14 ms instead of 6",
  }),
  TEMPORAL_UI_ADDRESS: setting({
    schema: uiAddress.optional(),
    meaning:
      "Address of the server of the Temporal UI, for instance `http://temporal-ui:8080`. Admins " +
      "and operators see it under /temporal/. Start it with the public path `/temporal`. Default: " +
      "the embedded one, and none with TEMPORAL_ADDRESS",
  }),
  MONGODB_URL: setting({
    schema: z
      .string()
      .regex(/^mongodb(\+srv)?:\/\//, "mongodb://…")
      .optional(),
    secret: true,
    meaning: "MongoDB connection string. If it is absent, an embedded database runs",
  }),
  MONGODB_DATABASE: setting({
    schema: z.string().regex(/^[A-Za-z0-9_-]{1,38}$/),
    default: "sealpost",
    meaning: "Name of the database",
  }),
  ...LOAD_SETTINGS,
  ...MAIL_SETTINGS,
  PAYLOAD_LIMIT_BYTES: setting({
    schema: whole(1, 8 * 1024 * 1024),
    default: "1048576",
    meaning: "Largest payload of one event in bytes. A larger one is refused with 413",
  }),
  PARK_OPEN_DAYS: setting({
    schema: whole(1, 90),
    default: "7",
    meaning: "Days that a parked delivery keeps its workflow open in the Temporal UI",
  }),
  DISABLE_AFTER_DAYS: setting({
    schema: whole(0, 365),
    default: "5",
    meaning:
      "Days without a successful attempt after which a subscription is disabled. Its deliveries are held until it is " +
      "resumed. Its own `disableAfterDays` goes before it. 0 means never",
  }),
  EVENT_RETENTION_DAYS: setting({
    schema: whole(1, 36_500).optional(),
    meaning:
      "Days after which settled events are removed, with their deliveries and attempts. An api's own `retentionDays` " +
      "goes before it. Not less than the retention of the Temporal namespace. If it is absent, events stay for ever",
  }),
  STATS: setting({
    schema: z.enum(["on", "off"]).transform((value) => value === "on"),
    default: "on",
    meaning:
      "`on` or `off`: whether this process counts the deliveries and attempts that it records, for charts " +
      "(`GET /v1/stats`). What was counted before stays readable",
  }),
  TRUSTED_PROXIES: setting({
    schema: list.pipe(z.array(network)),
    default: "",
    meaning:
      "Addresses and networks (CIDR, comma separated) of your own proxies and load balancers. " +
      "Their X-Forwarded-For is believed, and limits then count the client behind them",
  }),
  REQUESTS_PER_SECOND: setting({
    schema: whole(0, 1_000_000),
    default: "0",
    meaning: "Requests a second that one API key may make before 429. 0 means no limit",
  }),
  WRONG_KEYS_PER_MINUTE: setting({
    schema: whole(1, 100_000),
    default: "60",
    meaning: "Wrong API keys from one address within a minute before 429",
  }),
  VERIFICATIONS_PER_MINUTE: setting({
    schema: whole(1, 250),
    default: "5",
    meaning:
      "Verifications that one group may send to one host within a minute before 429, over all " +
      "processes. All its hosts together, and one host for all groups, get four times as many",
  }),
  TESTS_PER_MINUTE: setting({
    schema: whole(1, 250),
    default: "5",
    meaning:
      "Test events that one group may send to one host within a minute before 429, over all " +
      "processes. All its hosts together, and one host for all groups, get four times as many",
  }),
  DRAFTS_PER_MINUTE: setting({
    schema: whole(1, 1_000),
    default: "20",
    meaning: "Draft subscriptions that one group may make within a minute before 429",
  }),
  RECOVERIES_PER_MINUTE: setting({
    schema: whole(1, 100),
    default: "3",
    meaning:
      "Recoveries that one group may start within a minute before 429. Ten times as many previews " + "are allowed",
  }),
  ...RECOVERY_SETTINGS,
  SAML_CLOCK_SKEW_SECONDS: setting({
    schema: whole(0, 300),
    default: "60",
    meaning:
      "Seconds by which an identity provider's clock may differ. `clockSkewSeconds` of a SAML " +
      "connection overrides it",
  }),
  SESSION_HOURS: setting({
    schema: whole(1, 12),
    default: "12",
    meaning: "Hours after which a person must log in again, whatever happens",
  }),
  SESSION_IDLE_MINUTES: setting({
    schema: whole(1, 60),
    default: "30",
    meaning: "Minutes without a request after which a person must log in again",
  }),
  SHUTDOWN_DRAIN_SECONDS: setting({
    schema: whole(0, 300),
    default: "10",
    meaning:
      "Seconds at shutdown in which `/health/ready` answers 503 and requests are still served, so that load " +
      "balancers go elsewhere. Set it above the time in which yours notices, which is its check interval times " +
      "the checks that must fail. Outside production it is skipped if nothing asked `/health/ready` within a minute",
  }),
  SHUTDOWN_GRACE_SECONDS: setting({
    schema: whole(1, 600),
    default: "35",
    meaning:
      "Seconds that attempts under way may take to finish at shutdown. Set it above the longest attempt time-out. " +
      "The process ends at the latest 30 s after this time and SHUTDOWN_DRAIN_SECONDS together",
  }),
  LOG_LEVEL: setting({
    schema: z.enum(["trace", "debug", "info", "warn", "error", "silent"]),
    default: "info",
    meaning: "Least level of the structured log",
  }),
  LOG_FILE: setting({
    schema: z.string().optional(),
    meaning:
      "File for the structured log. Default: standard output, and in a terminal " +
      "`logs/sealpost.log` in the data directory",
  }),
  NODE_ENV: setting({ schema: z.string().optional(), meaning: "`production` refuses everything meant for trial" }),
} as const;
