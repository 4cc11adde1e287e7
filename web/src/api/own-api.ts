/** What the service itself publishes, and nobody else. */

/** Whether this is the api of what the service itself publishes. Nobody changes it. */
export const isOwnApi = (id: string): boolean => id === `api_${"SEA1P0ST".padStart(26, "0")}`;

/** An event about a subscription that takes such events would cause the next one, so it is never sent. */
export const isOwnType = (name: string): boolean => name.startsWith("sealpost.");
