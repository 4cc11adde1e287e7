/** A name server of our own making: what it answers is the test's matter, call by call. */
import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";

/** Addresses, an error code, or no answer at all. */
export type ResolverAnswer = readonly string[] | { code: string } | "never";

export interface StubResolver {
  resolve: (host: string) => Promise<LookupAddress[]>;
  /** Names asked for, in order. */
  asked: string[];
}

/**
 * Answers each name with the next of its answers, and with the last one again and again. Unknown names get ENOTFOUND.
 */
export function stubResolver(answers: Record<string, readonly ResolverAnswer[]>): StubResolver {
  const asked: string[] = [];
  return {
    asked,
    resolve(host) {
      const nth = asked.filter((name) => name === host).length;
      asked.push(host);
      const known = answers[host] ?? [{ code: "ENOTFOUND" }];
      const answer = known[Math.min(nth, known.length - 1)] ?? [];
      if (answer === "never") return new Promise(() => undefined);
      if ("code" in answer)
        return Promise.reject(Object.assign(new Error(`stub: ${answer.code}`), { code: answer.code }));
      return Promise.resolve(answer.map((address) => ({ address, family: isIP(address) })));
    },
  };
}
