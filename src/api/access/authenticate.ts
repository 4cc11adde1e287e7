/**
 * API keys: `Authorization: Bearer sp_<id>_<secret>`. They are compared in constant time, and every wrong key costs the
 * same work.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { isLive } from "../../catalogue/publisher-proof.js";
import { newId } from "../../store/ids.js";
import { groupsOfKey } from "../../store/key-groups.js";
import type { ApiKey, Role } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import type { Actor } from "./actor.js";
import type { KeyPower } from "./access.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { ApiSettings } from "../settings.js";

/** The id is of fixed length, so that a `_` in the secret is no ambiguity. 43 characters are 256 bits in base64url. */
const TOKEN = /^sp_(key_[0-9A-Z]{26})_([A-Za-z0-9_-]{43})$/;
/** Longer tokens are wrong in any case. Hashing 16 KiB for them would help an attacker. */
const LONGEST_TOKEN = 300;
const NOBODY = new Uint8Array(32);
/**
 * Wrong keys are counted per key id in this many classes. So the memory is bounded, and an unknown id answers like a
 * known one.
 */
const KEY_CLASSES = 4_096;

export type Authentication = { actor: Actor; keyId?: string } | { refusal: Refusal; wrong: boolean; keyClass: string };

/**
 * Makes a new key, or a new secret for the key with this id. Gives the id, the whole token (shown only once) and the
 * hash to store.
 */
export function newApiKey(
  store: Pick<Store, "blindIndex">,
  id = newId("key"),
): { id: string; token: string; hash: Uint8Array } {
  const secret = randomBytes(32).toString("base64url");
  return { id, token: `sp_${id}_${secret}`, hash: hashOf(store, secret) };
}

const hashOf = (store: Pick<Store, "blindIndex">, secret: string): Uint8Array => store.blindIndex("api-key", secret);

export interface AuthenticationDependencies {
  store: Pick<Store, "blindIndex">;
  catalogue: Pick<Catalogue, "apiKey">;
  settings: Pick<ApiSettings, "environmentAdminKeyHash">;
}

/** Finds out who makes the request. Every wrong key costs two HMACs (about 6 µs), and a good key costs one. */
export function createAuthentication({ store, catalogue, settings }: AuthenticationDependencies) {
  return (request: Pick<IncomingMessage, "headers">): Authentication => {
    const header = request.headers.authorization;
    const bearer =
      header !== undefined && /^bearer /i.test(header) ? header.slice(7).trim().slice(0, LONGEST_TOKEN) : "";
    const match = TOKEN.exec(bearer);
    const key = catalogue.apiKey(match?.[1] ?? "");
    const hash = hashOf(store, match?.[2] ?? bearer);
    const matches = timingSafeEqual(hash, key?.hash ?? NOBODY);
    const matchesPrevious =
      timingSafeEqual(hash, key?.previousHash ?? NOBODY) && (key?.previousUntil?.getTime() ?? 0) > Date.now();
    if (key && (matches || matchesPrevious) && isLive(key)) return { actor: actorOf(key), keyId: key.id };
    const environment = timingSafeEqual(
      store.blindIndex("admin-key", bearer),
      settings.environmentAdminKeyHash ?? NOBODY,
    );
    if (environment && settings.environmentAdminKeyHash) return { actor: { name: "environment", role: "admin" } };
    return { refusal: refuse("unauthenticated"), wrong: header !== undefined, keyClass: classOf(match?.[1] ?? bearer) };
  };
}

const actorOf = (key: ApiKey): Actor => ({ name: `key:${key.id}`, ...powerOf(key) });

/** What a key with these limits may do. The limits come from the request that makes the key, or from its record. */
export function powerOf({
  role,
  groupId,
  groupIds,
  apiIds,
  scopes,
}: {
  role: Role;
  groupId?: string | undefined;
  groupIds?: readonly string[] | undefined;
  apiIds?: readonly string[] | undefined;
  scopes?: readonly string[] | undefined;
}): KeyPower {
  return {
    role,
    // A consumer key without a group acts for none, never for all.
    ...(role === "consumer" && { groupIds: groupsOfKey({ groupId, groupIds }) }),
    ...(role === "provider" && apiIds && { apiIds }),
    ...(scopes && { scopes }),
  };
}

function classOf(id: string): string {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0;
  return String((hash >>> 0) % KEY_CLASSES);
}

/**
 * Counts wrong keys per address and per key id. Only a wrong key is refused with 429. A good key from the same address
 * still passes, so that nobody can lock a tenant out.
 */
export function createWrongKeyLimit(perMinute: number) {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return async (address: string | undefined, keyClass: string): Promise<Refusal | undefined> => {
    const counts = await Promise.all([
      limiter.penalty(`address:${networkOf(address ?? "")}`),
      limiter.penalty(`key:${keyClass}`),
    ]);
    const over = counts.filter((count) => count.consumedPoints > perMinute);
    if (over.length === 0) return undefined;
    return refuse("too_many_wrong_keys", undefined, {
      retryAfterSeconds: Math.max(...over.map((count) => count.msBeforeNext)) / 1_000,
    });
  };
}

/** The first four groups of an IPv6 address, with those that `::` leaves out. */
function prefixOf(address: string): string {
  const [before = "", after] = address.split("::");
  const left = before.split(":");
  const right = after === undefined || after === "" ? [] : after.split(":");
  const missing = after === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array.from({ length: missing }, () => "0"), ...right].slice(0, 4).join(":");
}

/** The /64 of an IPv6 address, because one attacker has all of it. An IPv4 address stays as it is. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  return address.includes(":") && !address.startsWith("::") ? prefixOf(address) : address;
}

/**
 * Counts the requests of one key within a second. Undefined when there is no limit. Gives the headers of
 * draft-ietf-httpapi-ratelimit-headers.
 */
export function createRequestLimit(perSecond: number) {
  if (perSecond <= 0) return undefined;
  const limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
  const policy = `"key";q=${perSecond};w=1`;
  return async (keyId: string): Promise<{ headers: Record<string, string>; refusal?: Refusal }> => {
    const count = await limiter.consume(keyId).catch((refused: unknown) => {
      if (refused instanceof RateLimiterRes) return refused;
      throw refused;
    });
    const headers = { "ratelimit-policy": policy, ratelimit: `"key";r=${count.remainingPoints};t=1` };
    if (count.consumedPoints <= perSecond) return { headers };
    return {
      headers,
      refusal: refuse("rate_limited", undefined, { retryAfterSeconds: count.msBeforeNext / 1_000, headers }),
    };
  };
}
