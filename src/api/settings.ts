/** What the HTTP API reads of the settings. */

/** A setting as it is in force in this process. */
export interface SettingInForce {
  name: string;
  /** As text. Absent where there is none, and for a secret. */
  value?: string;
  /** It was set, and is not the default. */
  isSet: boolean;
  isSecret: boolean;
  meaning: string;
}

export interface ApiSettings {
  version: string;
  /** Most bytes of one event's payload. */
  payloadLimitBytes: number;
  /** HMAC-SHA-256 (label "admin-key") of the admin key given in the environment, when there is one. */
  environmentAdminKeyHash?: Uint8Array;
  /** Wrong keys from one address within a minute, before 429. */
  wrongKeysPerMinute: number;
  /** Accepted requests a second for one API key, before 429. With 0 there is no limit. */
  requestsPerSecond: number;
  /** /docs and /openapi.json need an admin key in production. */
  production: boolean;
  /** Under which browsers and identity providers reach the API, without a slash at the end. */
  publicUrl: string;
  /** A person's session ends so many hours after the log-in. It also ends after so many minutes without a request. */
  sessionHours: number;
  sessionIdleMinutes: number;
  /** Nobody decides about what they asked for themselves. */
  twoPerson: boolean;
  /** Above so many deliveries a recovery of several groups waits for a second person. */
  recoveryReleaseAbove: number;
  /** Most deliveries of one recovery. */
  recoveryMost: number;
  /** The connection of the trial identity provider, which the log-in page offers. */
  trialConnectionId?: string;
  /** Addresses and networks that endpoints are called from, as the operator has set them. */
  egressAddresses: readonly string[];
  /** Days that the engine keeps histories. No api may keep its events for less. */
  leastRetentionDays?: number;
  /** There is a mail server. */
  sendsMail?: boolean;
  /** All of them, for those who may read them. None where nobody asked the environment. */
  inForce?: readonly SettingInForce[];
  /** A pure worker serves /health and /metrics only. */
  workerOnly?: boolean;
  /**
   * `<host>/<process id>/<mark of its start>`, so that another process can tell whether an act can still be under way.
   */
  process?: string;
}
