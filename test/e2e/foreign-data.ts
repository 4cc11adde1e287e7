/**
 * What a consumer's browser was told, held against what is its own. It reads every answer of the API and every event of
 * the stream. An id of another group, or of a subscription of another group, is a complaint.
 */
import type { Page } from "playwright-core";
import type { Service } from "../support/service.js";

export interface Told {
  /** Path and query. */
  address: string;
  text: string;
}

export interface Watched {
  /** Everything that was told so far. */
  told: Told[];
  /** Resolves when all that came is read and judged. */
  judged(): Promise<void>;
}

const IDS = /\b(?:grp|sub)_\w+/g;

/** Begins before the first request, so it reads all of them. Complaints of foreign ids join those of the browser. */
export async function watchForeignData(page: Page, service: Service, complaints: string[]): Promise<Watched> {
  const told: Told[] = [];
  const judging = new Set<Promise<void>>();
  /** Groups of all subscriptions, as an admin sees them. */
  let groups = new Map<string, string>();
  const mine = new Set<string>();

  async function groupOf(id: string): Promise<string | undefined> {
    if (id.startsWith("grp_")) return id;
    if (!groups.has(id)) groups = await readGroups(service);
    return groups.get(id);
  }
  async function judge({ address, text }: Told): Promise<void> {
    // The first answer says whose browser it is.
    if (address === "/v1/me") for (const id of text.match(/\bgrp_\w+/g) ?? []) mine.add(id);
    for (const id of new Set(text.match(IDS))) {
      const group = await groupOf(id);
      if (group !== undefined && !mine.has(group)) complaints.push(`${address} tells of another group: ${id}`);
    }
  }
  function take(read: Promise<Told>): void {
    const judged = read
      .then((one) => (told.push(one), judge(one)))
      // A page that was left reads no more.
      .catch(() => undefined)
      .finally(() => judging.delete(judged));
    judging.add(judged);
  }

  page.on("response", (response) => {
    const { origin, pathname, search } = new URL(response.url());
    if (origin !== service.url || !pathname.startsWith("/v1/") || pathname === "/v1/stream") return;
    take(response.text().then((text) => ({ address: `${pathname}${search}`, text })));
  });
  const protocol = await page.context().newCDPSession(page);
  protocol.on("Network.eventSourceMessageReceived", ({ data }) =>
    take(Promise.resolve({ address: "/v1/stream", text: data })),
  );
  await protocol.send("Network.enable");
  return {
    told,
    async judged() {
      while (judging.size > 0) await Promise.all(judging);
    },
  };
}

async function readGroups({ url, adminKey }: Service): Promise<Map<string, string>> {
  const answer = await fetch(`${url}/v1/subscriptions?limit=250`, { headers: { authorization: `Bearer ${adminKey}` } });
  const { data } = (await answer.json()) as { data: { id: string; groupId: string }[] };
  return new Map(data.map(({ id, groupId }) => [id, groupId]));
}
