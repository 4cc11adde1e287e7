/**
 * The consumer of the measurements: a plain node server that notes every request and answers at once, unless told
 * otherwise.
 */
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { monotonicMs } from "./clock.js";

/** One request as the sink saw it. */
export interface Arrival {
  /** `webhook-id`. */
  id: string;
  /** Tells the subscriptions of one sink apart. */
  path: string;
  /** `webhook-attempt`. It is 0 when absent. */
  attempt: number;
  /** When it was complete: milliseconds since the epoch, and on the monotonic clock that all processes share. */
  at: number;
  tick: number;
  /** Status that went back. It is 0 while none has. */
  answered: number;
  /** Checked on arrival with `standardwebhooks`, which also refuses a timestamp more than 300 s off. */
  signature: "valid" | "invalid" | "unchecked";
}

export interface SinkOptions {
  /** HTTPS that requires a client certificate of this authority. */
  tls?: { cert: string; key: string; ca: string };
  /**
   * Checks the signature of every n-th request, or of none with 0. Verifying all would cost the sink more than
   * receiving.
   */
  verifyEvery?: number;
}

/** The status to answer with, or a promise of it. */
export type Behaviour = (arrival: Arrival) => number | Promise<number>;

export interface Sink {
  /** Origin. Append a path of your own. */
  readonly url: string;
  readonly arrivals: Arrival[];
  /** Secret of the subscription at this path. Without one its signatures are not checked. */
  expectSecret(path: string, secret: string): void;
  /** How requests to this path are answered. By default 204. */
  behave(path: string, behaviour: Behaviour): void;
  /** Requests received and not answered yet. */
  inFlight(): number;
  reset(): void;
  close(): Promise<void>;
}

export async function startSink({ tls, verifyEvery = 1 }: SinkOptions = {}): Promise<Sink> {
  const arrivals: Arrival[] = [];
  const webhooks = new Map<string, Webhook>();
  const behaviours = new Map<string, Behaviour>();
  let inFlight = 0;
  let count = 0;

  function receive(request: http.IncomingMessage, response: http.ServerResponse, body: string): void {
    const { headers, url = "/" } = request;
    const webhook = verifyEvery > 0 && count++ % verifyEvery === 0 ? webhooks.get(url) : undefined;
    const arrival: Arrival = {
      id: header(headers, "webhook-id"),
      path: url,
      attempt: Number(header(headers, "webhook-attempt")),
      at: Date.now(),
      tick: monotonicMs(),
      answered: 0,
      signature: webhook ? verify(webhook, body, headers) : "unchecked",
    };
    arrivals.push(arrival);
    const answer = (status: number) => {
      inFlight--;
      // A sender that was killed never hears the answer, so for the record there was none.
      if (!response.destroyed) arrival.answered = status;
      response.writeHead(status).end();
    };
    inFlight++;
    const status = behaviours.get(url)?.(arrival) ?? 204;
    if (typeof status === "number") answer(status);
    else void status.then(answer);
  }

  function onRequest(request: http.IncomingMessage, response: http.ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => receive(request, response, Buffer.concat(chunks).toString("utf8")));
    response.on("error", () => undefined);
  }
  const server = tls
    ? https.createServer(
        { cert: tls.cert, key: tls.key, ca: tls.ca, requestCert: true, rejectUnauthorized: true },
        onRequest,
      )
    : http.createServer(onRequest);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 1_024, resolve));

  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    expectSecret: (path, secret) => void webhooks.set(path, new Webhook(secret)),
    behave: (path, behaviour) => void behaviours.set(path, behaviour),
    inFlight: () => inFlight,
    reset: () => void (arrivals.length = 0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function verify(webhook: Webhook, body: string, headers: http.IncomingHttpHeaders): "valid" | "invalid" {
  try {
    webhook.verify(body, headers as Record<string, string>, { jsonParse: false });
    return "valid";
  } catch {
    return "invalid";
  }
}

function header(headers: http.IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? value : "";
}
