/** The JSON body of a request against the schema of its route. */
import { memberBytes } from "../catalogue/json-slice.js";
import {
  ADMINISTRATIVE_LIMIT_BYTES,
  parseAdministrativeJson,
  readBody,
  refuseUnlessJson,
  SCHEMA_BOUNDS,
} from "./http/body.js";
import { refuse, type Refusal } from "./http/errors.js";
import { validate, type Validated } from "./http/validate.js";
import type { HandledRoute, RoutedRequest } from "./route.js";

/** The body as the schema gives it, and the bytes of the member that the route names. */
type CheckedBody = Validated<unknown> & { raw?: Uint8Array | undefined };

/** Reads, parses and validates the body. A route without a schema takes an empty one. */
export async function checkBody(route: HandledRoute, request: RoutedRequest): Promise<CheckedBody> {
  if (route.method === "get") return { ok: true, value: {} };
  const { bytes: limit, tooLarge } = route.largeBody ?? { bytes: ADMINISTRATIVE_LIMIT_BYTES };
  const read = await readBody(request, limit);
  if (!read.ok)
    return {
      ok: false,
      refusal:
        tooLarge !== undefined && read.refusal.refused === "payload_too_large"
          ? { ...read.refusal, detail: tooLarge }
          : read.refusal,
    };
  if (read.bytes.byteLength === 0 && (!route.body || route.bodyOptional)) return { ok: true, value: {} };
  const wrongType: Refusal | undefined = refuseUnlessJson(request.headers["content-type"]);
  if (wrongType) return { ok: false, refusal: wrongType };
  const parsed = parseAdministrativeJson(read.bytes, route.schemaInBody ? SCHEMA_BOUNDS : undefined);
  if (!parsed.ok) return parsed;
  const raw = route.rawMember === undefined ? undefined : memberBytes(read.bytes, route.rawMember);
  if (route.body) return { ...validate(route.body, parsed.value), raw };
  const empty = typeof parsed.value === "object" && parsed.value !== null && Object.keys(parsed.value).length === 0;
  return empty
    ? { ok: true, value: {} }
    : { ok: false, refusal: refuse("invalid_request", "There is nothing to send in the body here.") };
}
