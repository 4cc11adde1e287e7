/**
 * Looks at an endpoint without sending it anything: its name, its addresses, its TLS and its certificates. The
 * connection is opened by the connector that deliveries use, past the same guard, and closed before any request.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { CertificateFacts, EndpointTls } from "../../store/model.js";
import { DAY_MS } from "../../workflows/durations.js";
import { secureContextFor } from "../agents.js";
import { classify } from "../classify.js";
import { type ConnectionTimes, failedConnection, shownCertificates } from "../connection/handshake.js";
import { type Connecting, createConnector, type SocketBudget } from "../connector.js";
import { notSent } from "../exchange.js";
import { OUTCOMES, type OutcomeCode } from "../outcomes.js";
import type { Guard } from "./guard.js";
import type { TargetRefusal } from "./target-url.js";

/** In the order in which they are taken. */
export const TARGET_STEPS = [
  "url",
  "dns",
  "address",
  "connection",
  "tls",
  "certificate",
  "tls_version",
  "client_certificate",
] as const;
export type TargetStep = (typeof TARGET_STEPS)[number];

export interface TargetStepResult {
  step: TargetStep;
  /** `skipped`: an earlier step failed, or there is nothing to look at. */
  state: "ok" | "failed" | "skipped";
  /** Stable. `ok`, `skipped`, a reason of the guard, `tls_version_too_low`, or the code of an outcome. */
  code: string;
  explanation: string;
  /** What to do. Present when it failed. */
  todo?: string;
}

export interface TargetCheck {
  /** No step failed. */
  ok: boolean;
  /** Each step once, in their order. */
  steps: TargetStepResult[];
  tlsProtocol?: string;
  /** What the endpoint showed, in the order in which it was sent. */
  certificates?: CertificateFacts[];
}

/** Never rejects for what an endpoint does. `tls` is what a subscription would use there. */
export type CheckTarget = (target: { url: string; tls?: EndpointTls }) => Promise<TargetCheck>;

export interface TargetCheckOptions {
  guard: Guard;
  /** TCP and TLS handshake together, milliseconds. By default 10,000. */
  connectTimeoutMs?: number;
  /** How long a refusal of the client certificate is waited for at least, milliseconds. By default 300. */
  leastWaitMs?: number;
}

/** Checks of the process at once. A further one fails with `sockets_exhausted`. */
const MOST_AT_ONCE = 16;
/**
 * Under TLS 1.3 the client is done before the server has looked at its certificate. A refusal comes one way later, so
 * it is waited for three times as long as the connection took, and at most so much.
 */
const MOST_WAIT_MS = 2_000;

/** The check of one process. */
export function createTargetCheck({
  guard,
  connectTimeoutMs = 10_000,
  leastWaitMs = 300,
}: TargetCheckOptions): CheckTarget {
  let open = 0;
  const budget: SocketBudget = { take: () => open < MOST_AT_ONCE && ++open > 0, release: () => void open-- };
  return async ({ url: given, tls }) => {
    const text = guard.checkUrl(given);
    if (!text.ok) return failedAt(ABOUT_ADDRESS.has(text.reason) ? "address" : "url", refusedUrl(text));
    const { url } = text;
    // The lowest version that there is, so that an endpoint below the wanted one is told apart from a broken one.
    const secure = url.protocol === "https:" ? secureContextFor(tls, "TLSv1.2") : undefined;
    if (secure && !secure.ok) return withFault([], "client_certificate", faultOf(secure.code));
    const state: Connecting = {
      resolving: 0,
      connecting: 0,
      fresh: undefined,
      tlsProtocol: undefined,
      sockets: new Set(),
    };
    const connect = createConnector({ guard, url, state, budget, connectTimeoutMs, secureContext: secure?.context });
    const opened = await new Promise<Opened>((resolve) =>
      connect(destinationOf(url), (error, socket) =>
        resolve(socket ? { socket, times: state.fresh ?? {} } : { error: error ?? new Error("No connection.") }),
      ),
    );
    return "error" in opened ? notOpened(opened.error) : seen(opened, { tls, leastWaitMs });
  };
}

type Opened = { socket: Socket; times: ConnectionTimes } | { error: Error };

/** As undici asks its connector. */
const destinationOf = ({ protocol, host, hostname, port }: URL) => ({
  protocol,
  host,
  hostname: hostname.replace(/^\[|\]$/g, ""),
  port: port || (protocol === "https:" ? "443" : "80"),
});

interface Fault {
  code: string;
  explanation: string;
  todo: string;
}

const ABOUT_ADDRESS: ReadonlySet<TargetRefusal["reason"]> = new Set(["address_not_public", "own_service"]);
const refusedUrl = ({ reason, explanation }: TargetRefusal): Fault => ({
  code: reason,
  explanation,
  todo: "Give an https URL of a public host.",
});
const faultOf = (code: OutcomeCode): Fault => {
  const { explanation, hint } = OUTCOMES[code];
  return { code, explanation, todo: hint };
};

const OK: Readonly<Record<TargetStep, string>> = {
  url: "The URL may be called.",
  dns: "The host name leads to an address.",
  address: "Every address of the host may be called.",
  connection: "The endpoint accepts connections.",
  tls: "The TLS handshake was made.",
  certificate: "The certificate is for this host, and comes from a trusted authority.",
  tls_version: "The endpoint speaks the TLS version that is needed.",
  client_certificate: "The endpoint demands no client certificate.",
};

const passed = (step: TargetStep, explanation = OK[step]): TargetStepResult => ({
  step,
  state: "ok",
  code: "ok",
  explanation,
});

/** The steps that passed, the one that failed, and the others. */
function withFault(steps: readonly TargetStepResult[], step: TargetStep, fault: Fault): TargetCheck {
  return complete([...steps, { step, state: "failed", ...fault }]);
}

/** What was not reached is there too. */
function complete(known: readonly TargetStepResult[], why = "It was not looked at."): TargetCheck {
  const steps = TARGET_STEPS.map(
    (step): TargetStepResult =>
      known.find((each) => each.step === step) ?? { step, state: "skipped", code: "skipped", explanation: why },
  );
  return { ok: steps.every(({ state }) => state !== "failed"), steps };
}

const before = (step: TargetStep): TargetStepResult[] =>
  TARGET_STEPS.slice(0, TARGET_STEPS.indexOf(step)).map((each) => passed(each));
const failedAt = (step: TargetStep, fault: Fault): TargetCheck => withFault(before(step), step, fault);

/** Where the outcomes of a connection that was not made belong. All others belong to the connection itself. */
const STEP_OF: Partial<Record<OutcomeCode, TargetStep>> = {
  dns_not_found: "dns",
  dns_temporary: "dns",
  dns_timeout: "dns",
  resolver_unavailable: "dns",
  destination_blocked: "address",
  destination_own: "address",
  tls_protocol: "tls",
  tls_handshake_closed: "tls",
  tls_untrusted: "certificate",
  tls_name_mismatch: "certificate",
  tls_expired: "certificate",
};

function notOpened(error: Error): TargetCheck {
  const failed = failedConnection(error);
  const code = codeOf(error, {});
  const certificates = failed?.certificates;
  const inHandshake = failed?.tlsMs !== undefined;
  // A handshake that the endpoint ends because of the client certificate says nothing about its own certificate.
  if (code === "mtls_rejected") return withFault(before("tls"), "client_certificate", faultOf(code));
  const step = STEP_OF[code] ?? (inHandshake ? "tls" : "connection");
  return { ...failedAt(step, faultOf(code)), ...(certificates && { certificates }) };
}

/** The outcome that a delivery would have here. */
const codeOf = (
  error: Error,
  more: { tlsProtocol?: string; clientCertificateSent?: boolean; phase?: "request" },
): OutcomeCode =>
  classify(
    { ...notSent((error as NodeJS.ErrnoException).code ?? error.name), phase: "connect", freshSocket: true, ...more },
    Date.now(),
  ).code;

/** Looks at a connection that was made, and closes it. */
async function seen(
  { socket, times: { connectMs = 0, tlsMs = 0 } }: Exclude<Opened, { error: Error }>,
  { tls, leastWaitMs }: { tls: EndpointTls | undefined; leastWaitMs: number },
): Promise<TargetCheck> {
  socket.on("error", () => undefined);
  const connected = [...before("connection"), passed("connection", `Connected in ${Math.round(connectMs)} ms.`)];
  if (!(socket instanceof TLSSocket)) {
    socket.destroy();
    return complete(connected, "Plain http has no TLS.");
  }
  const tlsProtocol = socket.getProtocol() ?? "unknown";
  const certificates = shownCertificates(socket);
  const facts = { tlsProtocol, certificates };
  const secured = [
    ...connected,
    passed("tls", `The TLS handshake took ${Math.round(tlsMs)} ms.`),
    passed("certificate", certificateWords(certificates[0], tls)),
  ];
  const ended =
    tlsProtocol === "TLSv1.3" ? await endedBy(socket, leastWaitMs + Math.min(MOST_WAIT_MS, 3 * connectMs)) : undefined;
  socket.destroy();
  const wanted = tls?.minVersion ?? "TLSv1.3";
  const version =
    tlsProtocol >= wanted
      ? passed("tls_version", `The endpoint speaks ${wordOf(tlsProtocol)}.`)
      : ({ step: "tls_version", state: "failed", ...tooLow(tlsProtocol, wanted) } as const);
  const clientCertificateSent = tls?.clientCert !== undefined;
  if (ended) {
    const code = codeOf(ended, { tlsProtocol, clientCertificateSent, phase: "request" });
    return { ...withFault([...secured, version], "client_certificate", faultOf(code)), ...facts };
  }
  const client = clientCertificateSent
    ? passed("client_certificate", "The endpoint took the client certificate, or did not ask for it.")
    : passed("client_certificate");
  return { ...complete([...secured, version, client]), ...facts };
}

/** The error by which the endpoint ends a connection that it has just opened. Undefined if it waits for a request. */
function endedBy(socket: TLSSocket, waitMs: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const patience = setTimeout(resolve, waitMs);
    const end = (error: Error): void => {
      clearTimeout(patience);
      resolve(error);
    };
    socket.once("error", end);
    socket.once("end", () => end(Object.assign(new Error("It was closed."), { code: "UND_ERR_SOCKET" })));
    socket.once("close", () => end(Object.assign(new Error("It was closed."), { code: "UND_ERR_SOCKET" })));
    socket.resume();
  });
}

/** `TLSv1.3` in words. */
const wordOf = (protocol: string): string => protocol.replace("TLSv", "TLS ");

const tooLow = (protocol: string, wanted: string): Fault => ({
  code: "tls_version_too_low",
  explanation: `The endpoint speaks ${wordOf(protocol)}, and ${wordOf(wanted)} is needed.`,
  todo: "Offer TLS 1.3 at the endpoint, or give the subscription `tls.minVersion` TLSv1.2.",
});

function certificateWords(shown: CertificateFacts | undefined, tls: EndpointTls | undefined): string {
  if (!shown) return OK.certificate;
  const days = Math.floor((Date.parse(shown.notAfter) - Date.now()) / DAY_MS);
  const authority = tls?.ca === undefined ? "a public authority" : "the authority that is saved";
  return (
    `The certificate is for this host and leads to ${authority}. ` +
    `It ends on ${shown.notAfter.slice(0, 10)}, in ${days} ${days === 1 ? "day" : "days"}.`
  );
}
