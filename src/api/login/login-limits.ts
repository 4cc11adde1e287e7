/**
 * Limits on log-ins. Each attempt is counted before anything is read, looked up or checked for it. A log-in that
 * succeeds is taken off the count again.
 */
import { createHash } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { networkOf } from "../access/authenticate.js";
import { refuse, type Refusal } from "../http/errors.js";

export interface LoginLimits {
  /** Counts a log-in that is begun. */
  begin(address: string): Promise<Refusal | undefined>;
  /** Whether a company may still be looked for by its name. It counts nothing. */
  name(address: string): Promise<Refusal | undefined>;
  /** Counts a name that no company has. */
  wrongName(address: string): Promise<void>;
  /** Counts a posted response, for its network and for all networks together. */
  post(address: string): Promise<Refusal | undefined>;
  /**
   * Whether a post beyond the limit is let through for the log-in of this key, which its browser began here. Counts the
   * try.
   */
  mayTry(loginKey: string): Promise<boolean>;
  /** The post was genuine, so it is taken off every count. */
  succeeded(address: string): Promise<void>;
}

/** Networks and keys are counted in this many classes. So the memory is bounded, whatever is sent. */
const CLASSES = 65_536;
/**
 * Log-ins that one network may begin within a minute, for each wrong key that it may send. All people of a company may
 * come from one address at nine o'clock.
 */
const BEGUN_PER_WRONG_KEY = 20;
/** Posts that all networks together may send within a minute, for each wrong key that one network may send. */
const TOTAL_PER_WRONG_KEY = 20;
/** A browser posts a genuine log-in once, or twice when the page is reloaded. */
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
