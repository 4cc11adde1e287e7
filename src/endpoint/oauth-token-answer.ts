/**
 * What a token endpoint answered (RFC 6749, 5.1 and 5.2), as authorization servers really answer. Strict is only what
 * protects. The token must be one that a header can carry, and it must be a bearer token. Everything that is not needed
 * in the answer is left unread.
 */
import { DAY_MS } from "../workflows/durations.js";
import { contentOf } from "./answer/content-coding.js";
import { MAX_BODY_BYTES } from "./exchange.js";

/** The token and its life. Of a failure it says whose matter it is, and in words of ours what the server said. */
export type TokenAnswer =
  | {
      ok: true;
      token: string;
      /** Undefined: the server does not say, or says something that is no time. */ lifeMs?: number;
    }
  | { ok: false; fault: "unavailable" | "refused"; said: string };

export interface TokenExchange {
  status: number;
  /** Value of Content-Type. Empty when the server sent none. */
  contentType: string;
  /** Value of Content-Encoding. */
  contentEncoding?: string | undefined;
  body: Uint8Array;
  /** The body was longer than what is kept, or it broke off. */
  truncated: boolean;
}

/**
 * Error codes by which some servers say that they are busy, with 400, 401 or 403: letters alone, in lower case. A busy
 * server must not park what a correct client sends.
 */
const TEMPORARY =
  /^(?:temporarilyunavailable|serviceunavailable|unavailable|(?:internal)?servererror|internal(?:error)?|slowdown|toomanyrequests|(?:request)?ratelimit(?:ed|exceeded|reached)?|throttl(?:ed|ing)|resourceexhausted|overloaded|time(?:d)?out)$/;
/** What names an error: short, and without anything that needs quoting. Longer texts may repeat what was sent. */
const ERROR_CODE = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
/**
 * Visible ASCII with spaces inside. Salesforce has `!` in its tokens, so b64token (RFC 6750, 2.1) is too narrow. No
 * controls: they could end the header.
 */
const HEADER_TOKEN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
/**
 * `Bearer`, `bearer_token`, Apigee's `BearerToken`, eBay's `Application Access Token`, and `JWT`: letters alone, in
 * lower case.
 */
const BEARER =
  /^(?:bearer|bearertoken|(?:application|user)?accesstoken|jwt|urnietfparamsoauthtokentype(?:bearer|accesstoken|jwt))$/;
/** A server may mean "for ever" by a large number. A day is asked for again soon enough. */
const MAX_LIFE_MS = DAY_MS;

/** Reads the answer. `secret` is the client's: a text that repeats it is not passed on. */
export function readTokenAnswer(exchange: TokenExchange, secret: string): TokenAnswer {
  const content = contentOf(exchange.body, exchange.contentEncoding, MAX_BODY_BYTES);
  const fields = content.ok ? fieldsOf(exchange.contentType, content.bytes) : undefined;
  const error = fields && errorOf(fields, secret);
  if (exchange.status < 200 || exchange.status > 299) return refusalOf(exchange.status, error);
  if (exchange.truncated || (!content.ok && content.fault === "too_large"))
    return unavailable("It answered with more than 16 KiB, or its answer broke off.");
  if (!content.ok)
    return unavailable("Its answer came compressed, and could not be read. It was asked for plain text.");
  if (!fields) return unavailable("Its answer is no JSON object.");
  const token = textOfToken(fields["access_token"]);
  // Some servers answer errors with 200.
  if (token === undefined && error !== undefined) return refusalOf(exchange.status, error);
  if (typeof token !== "string" || token === "") return unavailable("Its answer holds no `access_token`.");
  if (!isBearer(fields["token_type"])) return unavailable("Its token is not of the type Bearer.");
  if (!HEADER_TOKEN.test(token)) return unavailable("Its token holds characters that a header cannot carry.");
  const lifeMs = lifeOf(fields["expires_in"]);
  return { ok: true, token, ...(lifeMs !== undefined && { lifeMs }) };
}

/** Without the line end or the `Bearer ` that some servers put around the token. */
const textOfToken = (token: unknown): unknown =>
  typeof token === "string" ? token.trim().replace(/^Bearer +/i, "") : token;
const lettersOf = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]/g, "");

const unavailable = (said: string): TokenAnswer => ({ ok: false, fault: "unavailable", said });

/** A refusal of the client needs a person. Everything else is tried again. */
function refusalOf(status: number, error: NamedError | undefined): TokenAnswer {
  const said = `It answered HTTP ${status}${error?.code === undefined ? "" : `: ${error.code}`}.`;
  if (error?.code !== undefined && TEMPORARY.test(lettersOf(error.code))) return unavailable(said);
  const refused = status === 401 || status === 403 || (error !== undefined && (status === 400 || status < 300));
  return { ok: false, fault: refused ? "refused" : "unavailable", said };
}

/**
 * The members of a JSON object or of a form, by any content type. Undefined for anything else.
 */
function fieldsOf(contentType: string, body: Uint8Array): Record<string, unknown> | undefined {
  // `TextDecoder` drops a byte-order mark.
  const text = new TextDecoder().decode(body);
  if (/^\s*application\/x-www-form-urlencoded\b/i.test(contentType) || FORM.test(text.trim()))
    return Object.fromEntries(new URLSearchParams(text.trim()));
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A form that names what we look for. No JSON and no page begins so. */
const FORM = /^(?:[\w.-]+=[^&\s<{]*&)*(?:access_token|error)=[^\s<{]+$/;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** That an error was answered, and its name where it can be shown. */
interface NamedError {
  code?: string;
}

/**
 * The error code: `error` (RFC 6749, 5.2), `ErrorCode` (Apigee), `errorCode` (Okta), `error.status` (Google),
 * `fault.detail.errorcode` (Apigee).
 */
function errorOf(fields: Record<string, unknown>, secret: string): NamedError | undefined {
  const { error, ErrorCode: apigee, errorCode: okta, fault } = fields;
  const detail = isObject(fault) && isObject(fault["detail"]) ? fault["detail"]["errorcode"] : undefined;
  const code = [error, isObject(error) ? (error["status"] ?? error["code"]) : undefined, apigee, okta, detail].find(
    (each): each is string => typeof each === "string" && each !== "",
  );
  if (code === undefined) return isObject(error) || isObject(fault) ? {} : undefined;
  return ERROR_CODE.test(code) && !code.includes(secret) && !secret.includes(code) ? { code } : {};
}

/** RFC 6749 demands the type. A server that leaves it out means the only type that there was. */
function isBearer(type: unknown): boolean {
  if (type === undefined || type === null || type === "") return true;
  return typeof type === "string" && BEARER.test(lettersOf(type));
}

/** Milliseconds. A number or the text of one. Apigee says -1 for a token that never ends. */
function lifeOf(seconds: unknown): number | undefined {
  const value =
    typeof seconds === "number"
      ? seconds
      : typeof seconds === "string" && seconds.trim() !== ""
        ? Number(seconds)
        : Number.NaN;
  return value > 0 ? Math.min(value * 1_000, MAX_LIFE_MS) : undefined;
}
