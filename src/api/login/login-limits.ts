/**
 * Limits on log-ins. Each is counted before what it limits is read, looked up or checked; a log-in that succeeds is
 * taken off again.
 */
import { createHash } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { networkOf } from "../access/authenticate.js";
import { refuse, type Refusal } from "../http/errors.js";

export interface LoginLimits {
  /** Counts a log-in that is begun. */
  begin(address: string): Promise<Refusal | undefined>;
  /** Whether a company may still be looked for by its name; counts nothing. */
  name(address: string): Promise<Refusal | undefined>;
  /** Counts a name that is nobody's. */
  wrongName(address: string): Promise<void>;
  /** Counts a response that is posted: for its network, and over all of them. */
  post(address: string): Promise<Refusal | undefined>;
  /**
   * Whether a post beyond the limit is let through for the log-in of this key, which its browser began here. Counts the
   * try.
   */
  mayTry(loginKey: string): Promise<boolean>;
  /** The post was a genuine one: nobody's limit suffers from it. */
  succeeded(address: string): Promise<void>;
}

/** Networks and keys are counted in so many classes: bounded memory, whatever is sent from wherever. */
const CLASSES = 65_536;
/**
 * Log-ins begun from a network within a minute, for each wrong key that it may send: a company's people come from one
 * address at nine o'clock.
 */
const BEGUN_PER_WRONG_KEY = 20;
/** Posts over all networks within a minute, for each wrong key that one may send. */
const TOTAL_PER_WRONG_KEY = 20;
/** A browser that posts a genuine log-in does so once; twice where it is reloaded. */
const TRIES = 3;
const LOGIN_LIFE_SECONDS = 600;

const classOf = (text: string): string => String(createHash("sha256").update(text).digest().readUInt32LE(0) % CLASSES);
const ofNetwork = (address: string): string => classOf(networkOf(address));

/** The limits of one process, for so many wrong keys a minute. */
export function createLoginLimits(wrongKeysPerMinute: number): LoginLimits {
  const perMinute = (points: number) => new RateLimiterMemory({ points, duration: 60 });
  const [begun, names, posts] = [
    perMinute(BEGUN_PER_WRONG_KEY * wrongKeysPerMinute),
    perMinute(wrongKeysPerMinute),
    perMinute(wrongKeysPerMinute),
  ];
  const total = perMinute(TOTAL_PER_WRONG_KEY * wrongKeysPerMinute);
  const tries = new RateLimiterMemory({ points: TRIES, duration: LOGIN_LIFE_SECONDS });

  async function counted(limiter: RateLimiterMemory, key: string): Promise<Refusal | undefined> {
    const { consumedPoints, msBeforeNext } = await limiter.penalty(key);
    return consumedPoints > limiter.points ? tooMany(msBeforeNext) : undefined;
  }
  return {
    begin: (address) => counted(begun, ofNetwork(address)),
    async name(address) {
      const count = await names.get(ofNetwork(address));
      return count && count.consumedPoints >= names.points ? tooMany(count.msBeforeNext) : undefined;
    },
    wrongName: async (address) => void (await names.penalty(ofNetwork(address))),
    async post(address) {
      const ofThisNetwork = await counted(posts, ofNetwork(address));
      // What one network sends beyond its own limit does not use up everybody's.
      return ofThisNetwork ?? counted(total, "all");
    },
    mayTry: async (loginKey) => (await tries.penalty(classOf(loginKey))).consumedPoints <= TRIES,
    async succeeded(address) {
      await posts.reward(ofNetwork(address));
      await total.reward("all");
    },
  };
}

const tooMany = (ms: number): Refusal => refuse("too_many_wrong_keys", undefined, { retryAfterSeconds: ms / 1_000 });
