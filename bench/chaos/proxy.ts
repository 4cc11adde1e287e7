/** A TCP proxy that can be told to stand in the way: it makes the instant between a request and its answer last. */
import net from "node:net";
import type { AddressInfo } from "node:net";

/**
 * - With `holdRequests` nothing reaches the server.
 * - With `holdAnswers` the server hears, and nothing comes back.
 * - With `refuse` there are no connections at all.
 */
export type ProxyMode = "pass" | "holdRequests" | "holdAnswers" | "refuse";

export interface Proxy {
  /** host:port for clients. */
  readonly address: string;
  /** To `pass`: what was held goes on its way, unless its connection has ended. */
  set(mode: ProxyMode): void;
  /** Bytes held back since the mode was last set. */
  held(): number;
  /** Bytes that the server answered where something had been held and was let go. */
  answeredLate(): number;
  close(): void;
}

export interface ProxyOptions {
  /** Which requests `holdRequests` holds. By default all of them. */
  holds?: (bytes: Buffer) => boolean;
  /**
   * What was held reaches the server also when its client has hung up meanwhile, as bytes do that are in a network
   * already.
   */
  delivers?: boolean;
}

/** @param target host:port of the server, asked for at each connection */
export async function startProxy(
  target: () => string,
  { holds = () => true, delivers = false }: ProxyOptions = {},
): Promise<Proxy> {
  const sockets = new Set<net.Socket>();
  const waiting: { to: net.Socket; bytes: Buffer }[] = [];
  let mode: ProxyMode = "pass";
  let held = 0;
  const released = new Set<net.Socket>();
  let late = 0;

  function forward(from: net.Socket, to: net.Socket, holdIn: ProxyMode): void {
    sockets.add(from);
    from.on("data", (bytes) => {
      if (released.has(from)) late += bytes.length;
      if (mode !== holdIn || (holdIn === "holdRequests" && !holds(bytes))) return void to.write(bytes);
      held += bytes.length;
      waiting.push({ to, bytes });
    });
    from.on("error", () => undefined);
    from.on("close", () => {
      sockets.delete(from);
      if (!delivers || !(released.has(to) || waiting.some((each) => each.to === to))) to.destroy();
    });
  }
  const server = net.createServer((client) => {
    if (mode === "refuse") return void client.destroy();
    const [host, port] = target().split(":");
    const upstream = net.connect(Number(port), host);
    forward(client, upstream, "holdRequests");
    forward(upstream, client, "holdAnswers");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (next) => {
      mode = next;
      held = 0;
      const release = waiting.splice(0);
      if (next === "refuse") sockets.forEach((socket) => socket.destroy());
      for (const { to, bytes } of release) {
        if (to.destroyed) continue;
        released.add(to);
        to.write(bytes);
      }
    },
    held: () => held,
    answeredLate: () => late,
    close: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}
