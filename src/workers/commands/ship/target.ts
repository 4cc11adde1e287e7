/**
 * Where the audit is shipped to: a file, or a collector over HTTPS. `send` resolves once the target has the entries.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { Agent, request } from "undici";
import { parseRetryAfter } from "../../../endpoint/retry-after.js";
import type { AuditEntry } from "../../../store/model.js";
import { bytesOfSetting, ConfigError } from "../../config.js";
import { readAuthorities } from "../../pem-files.js";
import { makePrivateDirectory, narrowFile } from "../../private-files.js";
import { bodyOf, CONTENT_TYPES, linesOf, type ShipFormat } from "./format.js";

/** The result of a batch. `retry`: send the same batch again later. `refused`: another try would not help. */
export type Sent = { ok: true } | { ok: false; retry: boolean; reason: string; retryAfterMs?: number };

export interface ShipTarget {
  /** The name of the target in the cursor and in messages, without secrets. */
  name: string;
  send(entries: readonly AuditEntry[]): Promise<Sent>;
  close(): Promise<void>;
}

/**
 * JSON Lines, added and written through to the disk before the cursor moves.
 * @throws Error that says what is wrong with the path
 */
export function createFileTarget(file: string): ShipTarget {
  try {
    makePrivateDirectory(dirname(file));
    closeSync(openSync(file, "a+", 0o600));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    throw new Error(`--to names ${file}, which cannot be written (${code}): name a file that this user may write.`);
  }
  narrowFile(file);
  return {
    name: file,
    async send(entries) {
      // The file is only appended to, so it may be one that forbids everything else.
      let handle: number | undefined;
      try {
        handle = openSync(file, "a+", 0o600);
        const { size } = fstatSync(handle);
        // A line that a crash shortened stays alone on its line. Its entry is sent again as a whole.
        const text = Buffer.from(`${size > 0 && !endsLine(handle, size) ? "\n" : ""}${linesOf(entries)}`);
        for (let done = 0; done < text.length;) done += writeSync(handle, text, done);
        fsyncSync(handle);
        return { ok: true };
      } catch (error) {
        return {
          ok: false,
          retry: true,
          reason: `the file cannot be written (${(error as NodeJS.ErrnoException).code ?? "error"})`,
        };
      } finally {
        if (handle !== undefined) closeSync(handle);
      }
    },
    close: async () => undefined,
  };
}

function endsLine(handle: number, size: number): boolean {
  const last = Buffer.alloc(1);
  readSync(handle, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}

export interface HttpsTarget {
  url: string;
  format: ShipFormat;
  /**
   * A file with the bearer token. It is read again for each request, so that the token can be changed while shipping
   * goes on.
   */
  tokenFile?: string;
  /** PEM of a private authority. The collector's certificate is verified in any case. */
  caFile?: string;
  timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** As long as a collector may ask us to wait. */
const MAX_RETRY_AFTER_MS = 300_000;
const AGAIN = new Set([408, 425, 429]);

/** @throws Error that says what is wrong with the address or a file */
export function createHttpsTarget({ url, format, tokenFile, caFile, timeoutMs = TIMEOUT_MS }: HttpsTarget): ShipTarget {
  const address = new URL(url);
  if (address.protocol !== "https:")
    throw new Error("The audit is shipped by https only: give --to an https address or a file.");
  if (address.username || address.password)
    throw new Error("Give the collector's token in a file (--token-file), not in the address.");
  const agent = new Agent({
    connect: {
      ...(caFile !== undefined && { ca: readAuthorities("--ca-file", caFile) }),
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
      timeout: timeoutMs,
    },
    connections: 1,
  });
  const authorization = () =>
    tokenFile === undefined
      ? {}
      : { authorization: `Bearer ${bytesOfSetting({ key: "--token-file", path: tokenFile }).toString("utf8").trim()}` };
  authorization();
  return {
    // A query may hold a token.
    name: `${address.origin}${address.pathname}`,
    async send(entries) {
      try {
        const { statusCode, headers, body } = await request(address, {
          method: "POST",
          dispatcher: agent,
          headers: { ...authorization(), "content-type": CONTENT_TYPES[format] },
          body: bodyOf(format, entries),
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          signal: AbortSignal.timeout(2 * timeoutMs),
        });
        await body.dump({ limit: 64 * 1024 });
        if (statusCode >= 200 && statusCode < 300) return { ok: true };
        const after = parseRetryAfter([headers["retry-after"] ?? []].flat().join(", "), Date.now());
        return {
          ok: false,
          retry: statusCode >= 500 || AGAIN.has(statusCode),
          reason: `the collector answered ${statusCode}`,
          ...(after !== undefined && { retryAfterMs: Math.min(after, MAX_RETRY_AFTER_MS) }),
        };
      } catch (error) {
        return {
          ok: false,
          retry: true,
          reason:
            error instanceof ConfigError
              ? error.message
              : `the collector cannot be reached (${(error as NodeJS.ErrnoException).code ?? (error as Error).name})`,
        };
      }
    },
    close: () => agent.destroy(),
  };
}
