/** A clock for single processes that can be made to jump: libfaketime, told the offset by a file. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where Debian and Fedora put it. */
const LIBRARIES = ["x86_64-linux-gnu/", "aarch64-linux-gnu/", "64/", ""].map((place) =>
  place === "64/" ? "/usr/lib64/faketime/libfaketimeMT.so.1" : `/usr/lib/${place}faketime/libfaketimeMT.so.1`,
);

export interface FakedClock {
  /** For the processes that go by this clock. */
  readonly env: Record<string, string>;
  /** So many seconds ahead of the machine's clock from now on. With 0 it is as the machine's. */
  set(seconds: number): void;
}

/**
 * @param directory for the file that tells the offset
 * @returns undefined when libfaketime is not installed
 */
export function createFakedClock(directory: string): FakedClock | undefined {
  const library = LIBRARIES.find((path) => existsSync(path));
  if (library === undefined) return undefined;
  const file = join(directory, "clock");
  const set = (seconds: number): void => writeFileSync(file, `+${seconds}`);
  set(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      // Read at each call, so that a jump is a jump.
      FAKETIME_NO_CACHE: "1",
      // A jump of the machine's clock leaves this one alone, too (clock_settime(2)).
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    set,
  };
}
