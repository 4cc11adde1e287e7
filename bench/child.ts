/** Functions that run in a process of their own and are called over IPC. */
import { type ChildProcess, fork } from "node:child_process";

/** Functions by name, one argument each. */
export type Methods = Record<string, (argument: never) => unknown>;

export interface Child<M extends Methods> {
  readonly pid: number;
  call<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<Awaited<ReturnType<M[K]>>>;
  end(): void;
}

interface Call {
  number: number;
  method: string;
  argument: unknown;
}
interface Reply {
  number: number;
  result?: unknown;
  error?: string;
}

/** Starts the compiled module as a process. It must call `serve`. It ends with this process. */
export function startChild<M extends Methods>(module: URL): Child<M> {
  const child: ChildProcess = fork(module, { serialization: "advanced" });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  child.on("message", ({ number, result, error }: Reply) => {
    const caller = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) caller?.resolve(result);
    else caller?.reject(new Error(error));
  });
  child.on("exit", (code, signal) =>
    waiting.forEach(({ reject }) => reject(new Error(`${module.pathname} ended (${signal ?? code}).`))),
  );
  return {
    pid: child.pid ?? 0,
    call: (method, argument) =>
      new Promise((resolve, reject) => {
        const number = calls++;
        waiting.set(number, { resolve: (value) => resolve(value as Awaited<ReturnType<M[typeof method]>>), reject });
        child.send({ number, method, argument } satisfies Call);
      }),
    end: () => void child.kill("SIGKILL"),
  };
}

/** In the child: answers the calls of the parent, and ends when the parent is gone. */
export function serve(methods: Methods): void {
  async function answer({ number, method, argument }: Call): Promise<void> {
    let reply: Reply;
    try {
      reply = { number, result: await methods[method]?.(argument as never) };
    } catch (error) {
      reply = { number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send?.(reply);
  }
  process.on("message", (call: Call) => void answer(call));
  process.on("disconnect", () => process.exit(0));
}
