/** Entry of every Sealpost process. ROLE decides what it does. */
import { ConfigError, loadConfig } from "./config.js";
import { stopsWithinMs } from "./process/drain.js";
import { keepFilesPrivate } from "./private-files.js";
import { StoreError } from "../store/store-error.js";
import { EngineError } from "./engines/engine-error.js";
import { StartError } from "./listening.js";
import { loadService } from "./loading.js";
import { refuseUnusableSettings } from "./preflight.js";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  keepFilesPrivate();
  // The reader of the output may end first, for example a closed terminal or a pipe to `head`. The service goes on.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);
  const config = loadConfig();
  refuseUnusableSettings(config);
  const stopping = new AbortController();
  // To load the service takes 3 s of CPU. So it is loaded once the settings can be used, and can be stopped meanwhile.
  const starting = loadService().then(({ startService }) => {
    stopping.signal.throwIfAborted();
    return startService(config, say, stopping.signal);
  });
  let started = false;
  const stop = (signal: string): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    say(
      started
        ? `${signal}: finishing what is under way, at most ${stopsWithinMs(config) / 1_000} s.`
        : `${signal}: the start is given up.`,
    );
    setTimeout(() => giveUp(), stopsWithinMs(config)).unref();
    starting
      .then(
        (service) => service.stop(),
        () => undefined,
      )
      .then(() => process.exit(0), fail);
  };
  // SIGHUP means that the terminal was closed. A second signal changes nothing, because npm and the terminal often send
  // the same one twice.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
  try {
    const service = await starting;
    started = true;
    service.failed.catch((error: unknown) => {
      if (!stopping.signal.aborted) fail(error);
    });
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  }
}

function giveUp(): void {
  process.stderr.write(
    "Sealpost did not stop in time: what is left ends with this process. What was under way is " +
      "done again at the next start.\n",
  );
  process.exit(1);
}

/** One clear sentence for what the operator can repair, and a stack only for bugs. */
function fail(error: unknown): void {
  const expected =
    error instanceof ConfigError ||
    error instanceof EngineError ||
    error instanceof StartError ||
    error instanceof StoreError;
  const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(expected ? `Sealpost cannot start: ${error.message}\n` : `Sealpost failed: ${said}\n`);
  process.exit(1);
}

main().catch(fail);
