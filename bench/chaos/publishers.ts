/**
 * Publishers as they should be: each event has an id of its own and is published again, under it, until it is accepted.
 */
import { createClient, type Answer, type Client } from "../../test/support/client.js";
import { pause } from "../clock.js";

/**
 * Of a publisher. It is four times the 5 s within which the service promises an answer, so that a late answer is seen
 * as late.
 */
const PATIENCE_MS = 20_000;
const RETRY_MS = 100;

export interface Address {
  url: string;
  key: string;
}

/** What came back for one publish call: an answer, or none because the connection broke or was silent. */
export type Published =
  { answered: true; status: number; retryAfter: boolean; duplicate: boolean; id: string } | { answered: false };

export interface Publishing {
  /** Ids that were answered with a 2xx. */
  readonly accepted: ReadonlySet<string>;
  /** How often each answer came. `none` counts connections that broke. */
  readonly answers: Record<string, number>;
  /**
   * No new events. Resolves when those under way are accepted.
   * @param giveUp also those under way are published no more: nobody may be left to accept them
   */
  stop(giveUp: boolean): Promise<void>;
}

export interface PublishingOptions {
  /** Asked at each call: a restarted service has a new port. */
  addresses(): Address[];
  eventType: string;
  /** In front of every id. */
  prefix: string;
  data: unknown;
  concurrency: number;
  /** Between two events of one publisher. */
  pauseMs: number;
}

/** Starts the publishers. They take turns at the addresses, and go to the next one when a call fails. */
export function startPublishing(options: PublishingOptions): Publishing {
  const accepted = new Set<string>();
  const answers: Record<string, number> = {};
  let next = 0;
  let stopped = false;
  let givenUp = false;

  async function publishUntilAccepted(number: number): Promise<void> {
    const id = `${options.prefix}${number}`;
    for (let turn = number; !givenUp; turn++) {
      const addresses = options.addresses();
      const address = addresses[turn % addresses.length];
      const result = address
        ? await publish(address, { id, type: options.eventType, data: options.data })
        : { answered: false as const };
      const answer = result.answered ? String(result.status) : "none";
      answers[answer] = (answers[answer] ?? 0) + 1;
      if (result.answered && result.status < 300) return void accepted.add(id);
      await pause(RETRY_MS);
    }
  }
  const publisher = async () => {
    while (!stopped) {
      await publishUntilAccepted(next++);
      await pause(options.pauseMs);
    }
  };
  const publishers = Array.from({ length: options.concurrency }, publisher);
  return {
    accepted,
    answers,
    stop: async (giveUp) => {
      stopped = true;
      givenUp = giveUp;
      await Promise.all(publishers);
    },
  };
}

const clients = new Map<string, Client>();

/** One call. Never throws: a broken connection is an outcome. */
export async function publish(
  { url, key }: Address,
  event: { id: string; type: string; data: unknown },
): Promise<Published> {
  const client = clients.get(url) ?? createClient(url, key, PATIENCE_MS);
  clients.set(url, client);
  const answer: Answer<{ id?: string; duplicate?: boolean }> | undefined = await client
    .post<{ id?: string; duplicate?: boolean }>("/v1/events", event)
    .catch(() => undefined);
  if (!answer) return { answered: false };
  const { status, headers, body } = answer;
  return {
    answered: true,
    status,
    retryAfter: headers["retry-after"] !== undefined,
    duplicate: body.duplicate ?? false,
    id: body.id ?? "",
  };
}

/** Closes the connections of `publish`. */
export async function closePublishers(): Promise<void> {
  await Promise.all([...clients.values()].map((client) => client.close()));
  clients.clear();
}
