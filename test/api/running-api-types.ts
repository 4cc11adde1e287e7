import type { PortalFiles } from "../../src/api/portal/files.js";
import type { Readiness } from "../../src/api/readiness.js";
import type { Server } from "node:http";
import { type Client } from "@temporalio/client";
import { type Catalogue } from "../../src/catalogue/catalogue.js";
import { type GuardOptions } from "../../src/endpoint/target/guard.js";
import type { ApiSettings } from "../../src/api/settings.js";
import { type AuditTally } from "../../src/api/access/audit-tally.js";
import type { Problem } from "../../src/api/http/errors.js";
import type { HttpServerSettings } from "../../src/api/http/http-server.js";
import { type LimitSettings } from "../../src/api/access/limits.js";
import type { ResponseChecks } from "../../src/api/saml/response/response-checks.js";
import { type Sessions } from "../../src/api/login/sessions.js";
import { type TemporalUiOptions } from "../../src/api/temporal-ui/temporal-ui.js";
import { type MongoStore } from "../../src/store/index.js";

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: T;
}
export interface Call {
  key?: string;
  /** Sent as JSON. Bytes are sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface RunningApi {
  url: string;
  port: number;
  server: Server;
  store: MongoStore;
  auditTally: AuditTally;
  catalogue: Catalogue;
  adminKey: string;
  database: string;
  masterKeys: string;
  sessions: Sessions;
  /**
   * On a task queue that no worker serves. So what is started stays as it is, and what it was told can be read in its
   * history.
   */
  client: Client;
  taskQueue: string;
  /** Lines of the log. */
  log: Record<string, unknown>[];
  call<T = Record<string, unknown>>(method: string, path: string, call?: Call): Promise<Answer<T>>;
  /** The problem document. Fails the test when the answer is none. */
  problem(method: string, path: string, call?: Call): Promise<Problem & { headers: Answer["headers"] }>;
  /** Makes a key and gives its token. */
  key(input: {
    role: string;
    groupId?: string;
    apiIds?: string[];
    scopes?: string[];
  }): Promise<{ id: string; token: string }>;
  /** The process begins to stop: streams end. */
  drain(): void;
  close(): Promise<void>;
}

export interface RunningApiOptions {
  temporalAddress: string;
  mongodbUrl: string;
  settings?: Partial<ApiSettings>;
  /** What /health/ready says is missing. By default nothing is. */
  readiness?: () => Promise<Readiness>;
  http?: HttpServerSettings;
  /** What may be called beside public https addresses. */
  guard?: GuardOptions;
  /** Another process over the same database, with a catalogue and sessions in memory of its own. */
  beside?: Pick<RunningApi, "database" | "masterKeys">;
  /** Milliseconds since the epoch, for the limits of sessions. */
  clock?: () => number;
  /** What stands between the API and its store, such as a fault. */
  between?: (store: MongoStore) => MongoStore;
  /** Whose X-Forwarded-For is believed. */
  trustedProxies?: readonly string[];
  /** The server of a Temporal UI. By default there is none. */
  temporalUi?: Partial<TemporalUiOptions>;
  /** The portal's built pages. By default there are none. */
  portal?: PortalFiles;
  /** Where SAML responses are checked. By default in the process's own threads. */
  checks?: ResponseChecks;
  /** Most of each within a minute. By default more than a test makes. */
  limits?: Partial<LimitSettings>;
  /** The authority of chat services, beside the public ones. */
  chatCa?: string;
}
