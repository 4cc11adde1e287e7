/**
 * A SecantusDB of a test's own with fail points: what the network and a fail-over do to a command, at will. Fail points
 * are the server's and there is one at a time, so the server of the whole run cannot be used.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Document, MongoClient } from "mongodb";
import { startSecantusDb } from "./secantusdb.js";

/** Why such a test is left out. False where it runs. FerretDB 1.24 has no fail points and no retryable writes. */
export const noFailPoints =
  process.env["SEALPOST_TEST_DATABASE"] === "secantusdb"
    ? false
    : "fail points need SecantusDB: set SEALPOST_TEST_DATABASE=secantusdb";

/** What befalls a command, as MongoDB's `failCommand` has it. */
export interface Fault {
  /** For instance `update`, `insert`, `delete`, `createIndexes`. */
  failCommands: string[];
  /** It is not carried out, and its connection breaks. */
  closeConnection?: boolean;
  /** It is carried out so much later. */
  blockConnection?: boolean;
  blockTimeMS?: number;
  /**
   * It is carried out, and answered with this. 91 with the label `RetryableWriteError`: as if the acknowledgement were
   * lost in a fail-over.
   */
  writeConcernError?: { code: number; errmsg: string };
  errorLabels?: string[];
}

export interface FailPointEngine {
  url: string;
  client: MongoClient;
  /** The next `times` such commands. `times: 0` takes the fault away. */
  fail(fault: Fault, times: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startFailPointEngine(): Promise<FailPointEngine> {
  const dataDir = mkdtempSync(join(tmpdir(), "sealpost-fail-points-"));
  const engine = await startSecantusDb(dataDir);
  const client = await new MongoClient(engine.url).connect();
  return {
    url: engine.url,
    client,
    async fail(fault, times) {
      const command: Document = {
        configureFailPoint: "failCommand",
        mode: times === 0 ? "off" : { times },
        data: fault,
      };
      await client.db("admin").command(command);
    },
    async stop() {
      await client.close();
      await engine.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
