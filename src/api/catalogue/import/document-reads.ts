/**
 * Documents are read, and their schemas compiled, in a thread of their own. A YAML document of 8 MiB takes seconds to
 * parse. A schema of 33 KB takes 60 ms to compile, and published documents have hundreds of them. Nothing else would be
 * answered meanwhile. One is read at a time and few wait. One that takes too long or too much memory is ended together
 * with its thread.
 */
import { Piscina } from "piscina";
import { refuse, type Refusal } from "../../http/errors.js";
import { threadFile } from "../../thread-file.js";
import type { DocumentOutcome, DocumentRead, SchemaCheck, SchemaCheckOutcome } from "./read-thread.js";

/** Documents that wait for the thread, each with its bytes in memory. */
const WAITING = 4;
/** From when it is handed over, the wait for the thread included. */
const DEADLINE_MS = 60_000;
const IDLE_MS = 60_000;
/** A document of 8 MiB of YAML takes 0.6 GB while it is parsed. */
const HEAP_MB = 1_536;
const RETRY_AFTER_SECONDS = 10;
/** So many documents and schemas may wait in all. Of each import that has been read, one schema waits. */
const MOST_WAITING = 100;

export interface DocumentReads {
  read: (read: DocumentRead) => Promise<DocumentOutcome>;
  /** `signal` ends the wait and the check. */
  checkSchema: (check: SchemaCheck, signal: AbortSignal) => Promise<SchemaCheckOutcome | Refusal>;
}

/** The reads of one process. No thread runs until there is a document. */
export function createDocumentReads(): DocumentReads {
  let made: Piscina<DocumentRead | SchemaCheck, DocumentOutcome | SchemaCheckOutcome> | undefined;
  const pool = () =>
    (made ??= new Piscina({
      ...threadFile("read-thread", import.meta.url),
      minThreads: 0,
      maxThreads: 1,
      maxQueue: MOST_WAITING,
      idleTimeout: IDLE_MS,
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      atomics: "disabled",
      recordTiming: false,
    }));
  async function run<T>(waiting: number, signal: AbortSignal, start: () => Promise<T>): Promise<T | Refusal> {
    if (pool().queueSize >= waiting)
      return refuse("unavailable", "Other documents are being read.", { retryAfterSeconds: RETRY_AFTER_SECONDS });
    try {
      return await start();
    } catch (error) {
      if (signal.aborted) return tooMuch("takes too long to read");
      if ((error as NodeJS.ErrnoException).code !== "ERR_WORKER_OUT_OF_MEMORY") throw error;
      return tooMuch("takes too much memory to read");
    }
  }
  return {
    async read(read) {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      const outcome = await run(WAITING, signal, () => pool().run(read, { signal }) as Promise<DocumentOutcome>);
      return "refused" in outcome ? { ok: false, refusal: outcome } : outcome;
    },
    checkSchema: (check, signal) =>
      run(
        MOST_WAITING,
        signal,
        () => pool().run(check, { signal, name: "checkSchema" }) as Promise<SchemaCheckOutcome>,
      ),
  };
}

const tooMuch = (message: string): Refusal =>
  refuse("document_refused", undefined, { errors: [{ path: "", message }] });
