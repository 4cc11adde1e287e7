/** Ports on the loopback address. */
import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";
import { EngineError } from "./engine-error.js";

/**
 * Below the range that operating systems use for outgoing connections (Linux from 32768, others from 49152). Otherwise
 * a client's retry could get the engine's own port and block it while the engine restarts.
 */
const FREE_PORTS = { from: 17_000, to: 32_000 };
const TRIES = 100;

/** Whether the port can be listened on now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Whether something accepts connections there. While an engine starts, this is used instead of `isFree`, which would
 * take the port away from it.
 */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const settle = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

/** A port that is free now. It is `preferred` if that one is free. */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && (await isFree(preferred))) return preferred;
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.to);
    if (await isFree(port)) return port;
  }
  throw new EngineError(
    "port_in_use",
    `No free port between ${FREE_PORTS.from} and ${FREE_PORTS.to} was found: end what occupies them.`,
  );
}

/**
 * Asked before anything starts, so that the answer comes at once.
 * @throws EngineError port_in_use naming the first port that was asked for and is taken
 */
export async function refuseTakenPorts(asked: Record<string, number | undefined>): Promise<void> {
  for (const [purpose, port] of Object.entries(asked)) {
    if (port === undefined || (await isFree(port))) continue;
    throw new EngineError(
      "port_in_use",
      `Port ${port}, asked for as ${purpose}, is in use on 127.0.0.1: end what listens there or choose another port.`,
    );
  }
}
