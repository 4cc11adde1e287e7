/**
 * Documents are read in a thread of their own. A YAML document of 8 MiB takes seconds to parse, in which nothing else would be answered.
 * One is read at a time, few wait, and one that takes too long or too much memory is ended with its thread.
 */
import { Piscina } from "piscina";
import { refuse, type Refusal } from "../errors.js";
import { threadFile } from "../thread-file.js";
import type { DocumentOutcome, DocumentRead } from "./read-thread.js";

/** Documents that wait for the thread, each with its bytes in memory. */
const WAITING = 4;
/** From when it is handed over, the wait for the thread included. */
const DEADLINE_MS = 60_000;
const IDLE_MS = 60_000;
/** A document of 8 MiB of YAML takes 0.6 GB while it is parsed. */
const HEAP_MB = 1_536;
const RETRY_AFTER_SECONDS = 10;

export type DocumentReads = (read: DocumentRead) => Promise<DocumentOutcome>;

/** The reads of one process. No thread runs until there is a document. */
export function createDocumentReads(): DocumentReads {
  let made: Piscina<DocumentRead, DocumentOutcome> | undefined;
  const pool = () => (made ??= new Piscina({
    ...threadFile("read-thread", import.meta.url),
    minThreads: 0, maxThreads: 1, maxQueue: WAITING, idleTimeout: IDLE_MS,
    env: {}, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB }, atomics: "disabled", recordTiming: false,
  }));
  return async (read) => {
    if (pool().queueSize >= WAITING) return refused(refuse("unavailable", "Other documents are being read.", { retryAfterSeconds: RETRY_AFTER_SECONDS }));
    const signal = AbortSignal.timeout(DEADLINE_MS);
    try {
      return await pool().run(read, { signal });
    } catch (error) {
      if (signal.aborted) return refused(refuse("document_refused", undefined, { errors: [{ path: "", message: "takes too long to read" }] }));
      if ((error as NodeJS.ErrnoException).code !== "ERR_WORKER_OUT_OF_MEMORY") throw error;
      return refused(refuse("document_refused", undefined, { errors: [{ path: "", message: "takes too much memory to read" }] }));
    }
  };
}

const refused = (refusal: Refusal): DocumentOutcome => ({ ok: false, refusal });
