/**
 * The Temporal UI under our own origin. It is for people with a session, limited to what rules.ts names, and on record.
 * In the browser it has its own policy. Its server listens where nobody else reaches it, and it knows no users. Who may
 * do what there is decided here.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Actor } from "../access/actor.js";
import type { AuditTally } from "../access/audit-tally.js";
import { readBody, refuseUnlessJson } from "../http/body.js";
import { headersOf, problemOf, refuse, type Refusal } from "../http/errors.js";
import { answerRefusal } from "../pages/refused.js";
import { noteProblem, noteRoutine, send } from "../http/respond.js";
import type { Sessions } from "../login/sessions.js";
import { policyHeaders } from "./policy.js";
import { ruleOf, TEMPORAL_UI_PATH, type UiRequest } from "./rules.js";
import { overriddenSettings, type UiSettings } from "./settings.js";
import { createStreams, type Stream, type StreamEnd } from "./streams.js";
import { answerHeaders, callUpstream, csrfCookieOf, readText, bodyWithin } from "./upstream.js";

export interface TemporalUiOptions extends UiSettings {
  /** Of the UI's server, absent when there is none. */
  address?: string | undefined;
  sessions: Pick<Sessions, "look">;
  auditTally: AuditTally;
  log: Pick<Logger, "warn">;
  /** How long a call may take, in milliseconds. The default is 35 s. */
  answerWithinMs?: number;
}

export interface TemporalUi {
  /** Where the namespace begins, a path of this service. It is absent when there is no UI. */
  readonly namespacePath?: string;
  /** Answers a request below /temporal/ of an actor who may use it. */
  serve(actor: Actor, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Ends the calls that wait for news, so that a shutdown does not wait for them. */
  close(): void;
}

/**
 * Temporal answers a call that waits for news after 20 s at the latest. The load balancer (deploy/haproxy) gives up
 * after 40.
 */
const ANSWER_WITHIN_MS = 35_000;
/** A signal's input. A payload of Temporal is 2 MiB at most. */
const REQUEST_LIMIT_BYTES = 1024 * 1024;
/** Pages and settings, which are read here. */
const READ_LIMIT_BYTES = 1024 * 1024;
/**
 * A page of a history is 4 MB on its way to the UI's server, and somewhat more as JSON. A history to download is 50 MiB
 * at most.
 */
const ANSWER_LIMIT_BYTES = 128 * 1024 * 1024;
const TRY_AGAIN_SECONDS = 5;
/** The files of a version have its hash in their names. */
const IMMUTABLE = `${TEMPORAL_UI_PATH}/_app/immutable/`;

interface Call {
  ui: UiRequest;
  request: IncomingMessage;
  response: ServerResponse;
  stream: Stream;
  body?: Buffer | undefined;
}

export function createTemporalUi(options: TemporalUiOptions): TemporalUi {
  const { address, namespace, sessions, auditTally, log, answerWithinMs = ANSWER_WITHIN_MS } = options;
  const streams = createStreams(sessions);

  async function serve(actor: Actor, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { session } = actor;
    if (!session)
      return answer(request, response, refuse("forbidden", "The Temporal UI is for people: log in at /saml/login."));
    if (address === undefined) return answer(request, response, refuse("temporal_ui_not_configured"));
    const rule = ruleOf(request.method ?? "", request.url ?? "", namespace);
    if ("refused" in rule) {
      noteRefusal(options, actor);
      return answer(request, response, refuse("temporal_ui_refused", rule.refused));
    }
    // Before the body is read: how many may be under way at once.
    const stream = streams.open(session, answerWithinMs);
    if (!stream)
      return answer(
        request,
        response,
        refuse("rate_limited", "Too many calls of the Temporal UI are open: close some of its tabs.", {
          retryAfterSeconds: 1,
        }),
      );
    try {
      const body = await bodyOf(request);
      if (body !== undefined && "refused" in body) return answer(request, response, body);
      await record(auditTally, actor, rule);
      await answerCall(address, { ui: rule, request, response, stream, body });
    } finally {
      stream.close();
    }
  }

  async function answerCall(at: string, call: Call): Promise<void> {
    const { request, response, stream } = call;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([stream.signal, gone.signal]);
    try {
      await relay(options, at, { ...call, stream: { ...stream, signal } });
    } catch (error) {
      if (gone.signal.aborted) return;
      const refusal = refusalFor(stream.signal);
      if (!stream.signal.aborted) log.warn({ err: error }, "the Temporal UI does not answer");
      if (response.headersSent) response.destroy();
      else answer(request, response, refusal);
    }
  }

  return {
    ...(address !== undefined && { namespacePath: `${TEMPORAL_UI_PATH}/namespaces/${encodeURIComponent(namespace)}` }),
    serve,
    close: () => streams.close(),
  };
}

function refusalFor(signal: AbortSignal): Refusal {
  const reason = signal.aborted ? (signal.reason as StreamEnd) : undefined;
  if (reason === "session_ended") return refuse("session_ended");
  const detail =
    reason === "deadline"
      ? "The Temporal UI took too long to answer."
      : reason === "closing"
        ? "The service is stopping."
        : undefined;
  return refuse("temporal_ui_unavailable", detail, { retryAfterSeconds: TRY_AGAIN_SECONDS });
}

/**
 * A page for a person who navigates. The UI's script shows `message` of a refusal, which is how Temporal's own API
 * names it.
 */
function answer(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (!request.url?.startsWith(`${TEMPORAL_UI_PATH}/api/`)) return answerRefusal(request, response, refusal);
  const problem = problemOf(refusal);
  noteProblem(response, problem.code);
  send(response, problem.status, JSON.stringify({ ...problem, message: problem.detail }), headersOf(refusal));
}

/** Undefined for a request that has none. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | Refusal | undefined> {
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  const type = request.headers["content-type"];
  // The UI's script leaves the type of its JSON to the browser, which then says text/plain. A form, from which
  // grpc-gateway would take a method, is neither.
  const wrongType = type === undefined || /^text\/plain\b/i.test(type) ? undefined : refuseUnlessJson(type);
  if (wrongType) return wrongType;
  const body = await readBody(request, REQUEST_LIMIT_BYTES);
  return body.ok ? body.bytes : body.refusal;
}

/**
 * On record before it is done: who read which workflows, in bunches, and who signalled or cancelled which. Never what
 * was in it.
 */
async function record(auditTally: AuditTally, { name: actor }: Actor, ui: UiRequest): Promise<void> {
  if (ui.kind === "signal" || ui.kind === "cancel") {
    return auditTally.record({
      actor,
      action: `temporal.${ui.kind}`,
      subject: ui.workflowId,
      counts: {},
      ...(ui.kind === "signal" && { names: { signals: [ui.name] } }),
    });
  }
  if (ui.kind !== "read" && ui.kind !== "query") return;
  const { workflowId } = ui;
  await auditTally.record({
    actor,
    action: "temporal.read",
    subject: "temporal",
    counts: {},
    ...(workflowId !== undefined && { names: { workflows: [workflowId] } }),
  });
}

/** The refusal stands whether or not it is on record. */
function noteRefusal({ auditTally, log }: TemporalUiOptions, { name }: Actor): void {
  auditTally
    .record({ actor: name, action: "access.refuse", subject: "temporal", counts: {} })
    .catch((error: unknown) => log.warn({ err: error, actor: name }, "a refusal is not on record"));
}

async function relay(options: TemporalUiOptions, address: string, call: Call): Promise<void> {
  const { ui, request, response } = call;
  const upstream =
    ui.kind === "rendered" ? await callRendered(address, call) : await forward(address, call, request.url ?? "/");
  // Some 150 files make a page of the UI. A line for each would bury the log.
  if (ui.kind === "file" && upstream.ok) noteRoutine(response);
  const origin = new URL(options.publicUrl).origin;
  const own = upstream.headers.get("content-security-policy") ?? undefined;
  const cookie = csrfCookieOf(upstream);
  if (cookie !== undefined) response.appendHeader("set-cookie", cookie);
  if (ui.kind === "document" && upstream.ok) {
    const html = await readText(upstream, READ_LIMIT_BYTES);
    return send(response, upstream.status, html, {
      ...policyHeaders({ origin, kind: ui.kind, html, own }),
      "content-type": "text/html; charset=utf-8",
    });
  }
  const policy = policyHeaders({ origin, kind: ui.kind, own });
  if (ui.kind === "settings" && upstream.ok) {
    const settings = overriddenSettings(await readText(upstream, READ_LIMIT_BYTES), options);
    return send(response, upstream.status, settings, { ...policy, "content-type": "application/json" });
  }
  // Its redirects are between its own pages, and none is needed here.
  if (upstream.status >= 300 && upstream.status < 400 && upstream.status !== 304)
    throw new Error(`The Temporal UI's server answered ${upstream.status}.`);
  const lasting =
    upstream.ok && request.url?.startsWith(IMMUTABLE)
      ? { "cache-control": "private, max-age=31536000, immutable" }
      : {};
  response.writeHead(upstream.status, { ...policy, ...lasting, ...answerHeaders(upstream) });
  await pass(upstream, response, call.stream.signal);
}

function forward(address: string, { ui, request, stream, body }: Call, target: string): Promise<Response> {
  const plain = ui.kind === "document" || ui.kind === "settings";
  return callUpstream({
    address,
    method: request.method === "HEAD" ? "GET" : (request.method ?? ""),
    target,
    headers: request.headers,
    body,
    plain,
    signal: stream.signal,
  });
}

/**
 * The frame that shows Markdown. With a public path the UI's server (2.50 to 2.54) takes that path off twice here, and
 * answers the plain one with its start page. What has a policy with nonces is the frame.
 */
async function callRendered(address: string, call: Call): Promise<Response> {
  const target = call.request.url ?? "";
  const twice = await forward(address, call, `${TEMPORAL_UI_PATH}${target}`);
  if (/'nonce-/.test(twice.headers.get("content-security-policy") ?? "")) return twice;
  await twice.body?.cancel();
  return forward(address, call, target);
}

async function pass(upstream: Response, response: ServerResponse, signal: AbortSignal): Promise<void> {
  for await (const chunk of bodyWithin(upstream, ANSWER_LIMIT_BYTES)) {
    if (!response.write(chunk)) await once(response, "drain", { signal });
  }
  response.end();
}
