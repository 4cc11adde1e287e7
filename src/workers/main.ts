/** Entry of every Sealpost process; ROLE decides what it does. */
import { ConfigError, loadConfig } from "./config.js";
import { StoreError } from "../store/store.js";
import { EngineError } from "./engines/index.js";
import { startService, StartError } from "./service.js";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const config = loadConfig();
  const starting = startService(config, say);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    say(`${signal}: finishing what is under way, at most ${config.SHUTDOWN_GRACE_SECONDS} s.`);
    starting.then((service) => service.stop()).then(() => process.exit(0), fail);
  };
  process.on("SIGINT", () => stop("SIGINT"));
  process.on("SIGTERM", () => stop("SIGTERM"));
  const service = await starting;
  service.failed.catch((error: unknown) => {
    if (!stopping) fail(error);
  });
}

/** One clear sentence for what the operator can mend, a stack only for what is a bug. */
function fail(error: unknown): void {
  const expected = error instanceof ConfigError || error instanceof EngineError || error instanceof StartError || error instanceof StoreError;
  process.stderr.write(`${expected ? `Sealpost cannot start: ${error.message}` : `Sealpost failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`}\n`);
  process.exit(1);
}

main().catch(fail);
