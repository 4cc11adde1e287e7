/** A consumer endpoint that misbehaves: raw sockets, so that any bytes at any time are possible. */
import net, { type AddressInfo, type Socket } from "node:net";
import tls from "node:tls";

export interface HostileReceiver {
  /** `http://127.0.0.1:<port>/hook`, with TLS `https://localhost:<port>/hook`. */
  url: string;
  port: number;
  connections: number;
  /** Sockets open now. */
  open(): number;
  close(): Promise<void>;
}

export interface HostileOptions {
  /** Called when a whole request has arrived, once per request. */
  onRequest?: (socket: Socket, request: Buffer) => void;
  /** Called for each TCP connection, before any TLS. */
  onConnection?: (socket: Socket) => void;
  tls?: tls.TlsOptions;
}

/** Starts a hostile receiver on 127.0.0.1. */
export async function startHostileReceiver({
  onRequest,
  onConnection,
  tls: tlsOptions,
}: HostileOptions): Promise<HostileReceiver> {
  const sockets = new Set<Socket>();
  const follow = (socket: Socket): void => {
    let received = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = requestLength(received);
      if (length === undefined || received.length < length) return;
      const request = received.subarray(0, length);
      received = received.subarray(length);
      onRequest?.(socket, request);
    });
  };
  const server = tlsOptions ? tls.createServer(tlsOptions, follow) : net.createServer(follow);
  server.on("tlsClientError", () => undefined);
  server.on("connection", (socket: Socket) => {
    receiver.connections++;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    onConnection?.(socket);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: HostileReceiver = {
    url: tlsOptions ? `https://localhost:${port}/hook` : `http://127.0.0.1:${port}/hook`,
    port,
    connections: 0,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return receiver;
}

/** Bytes of the request at the start of the buffer. Undefined while its headers are incomplete. */
function requestLength(received: Buffer): number | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(received.subarray(0, end + 2).toString("latin1"));
  return end + 4 + Number(length?.[1] ?? 0);
}
