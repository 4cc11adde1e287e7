/** The server's port. The start takes it, addresses name it, and the end gives it back. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Config } from "./config.js";

/** Why the service cannot start, in one sentence that says what to do. */
export class StartError extends Error {}

export async function listen(server: Server, config: Config): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const where = `${config.HOST}:${config.PORT}`;
      reject(
        new StartError(
          error.code === "EADDRINUSE"
            ? `PORT ${config.PORT} is in use on ${config.HOST}: stop what listens there, or set PORT to ` +
                "another one (0 takes a free one)."
            : `HOST and PORT ${where} cannot be listened on (${error.code ?? error.message}): set ` +
                "another HOST or PORT.",
        ),
      );
    });
    server.listen(config.PORT, config.HOST, resolve);
  });
}

export function addressOf(server: Server, config: Config): string {
  const { port } = server.address() as AddressInfo;
  const host = config.HOST === "0.0.0.0" || config.HOST === "::" ? "127.0.0.1" : config.HOST;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** With the host as it was set, which may mean every address of the machine. */
export function listeningUrl(server: Server, { HOST }: Config): string {
  const { port } = server.address() as AddressInfo;
  return `http://${HOST.includes(":") ? `[${HOST}]` : HOST}:${port}`;
}

/** Above the 5 s within which a publish is answered. */
const REQUESTS_END_AFTER_MS = 10_000;

/**
 * Takes no further connection, and resolves when the requests under way are answered. What is left after 10 s is
 * cut, such as a body that does not come or a stream without an end.
 */
export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), REQUESTS_END_AFTER_MS).unref();
  });
