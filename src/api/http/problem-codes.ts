/** Every problem the API answers with: one table, `code` -> status, title and what to do (RFC 9457). */

interface ProblemEntry {
  status: number;
  title: string;
  /** What the caller can do about it. */
  todo: string;
}
const entry = (status: number, title: string, todo: string): ProblemEntry => ({ status, title, todo });

/** The codes are part of the contract: clients branch on them. */
export const PROBLEMS = {
  invalid_request: entry(400, "The request is not valid", "Correct the fields named in `errors` and send it again."),
  malformed_json: entry(
    400,
    "The body is not valid JSON",
    "Send one JSON value in UTF-8 without a byte order mark (RFC 8259).",
  ),
  duplicate_member: entry(400, "A member name occurs twice", "Give each member of an object once."),
  malformed_request: entry(
    400,
    "The HTTP request is malformed",
    "Send a request as RFC 9112 describes it, with a Host header.",
  ),
  saml_refused: entry(
    401,
    "The identity provider's response was not accepted",
    "Log in again; if it goes on, tell an administrator the time: the audit says why.",
  ),
  unauthenticated: entry(
    401,
    "A valid API key or a log-in is needed",
    "Send `Authorization: Bearer sp_…` with a key that is neither revoked nor expired, or log in at /saml/login.",
  ),
  session_ended: entry(401, "The session has ended", "Log in again at /saml/login."),
  forbidden: entry(403, "This key or role may not do that", "Use a key, or act in a role, that allows it."),
  temporal_ui_refused: entry(
    403,
    "The Temporal UI may not do that here",
    "Signal or cancel the workflow there, or use this service's own API.",
  ),
  cross_site_request: entry(
    403,
    "The request comes from another site",
    "Make it from a page of this service, or with an API key.",
  ),
  no_role: entry(
    403,
    "You have no role here",
    "Ask your administrator for a group that gives you one, then log in again.",
  ),
  not_found: entry(404, "Not found", "Check the path and the id; an object of another group is not shown."),
  connection_unknown: entry(
    404,
    "There is no such connection",
    "Give the id or the name of your company's connection; your administrator knows it.",
  ),
  event_type_unknown: entry(
    404,
    "There is no such event type",
    "Create it with POST /v1/event-types, or correct the name.",
  ),
  method_not_allowed: entry(405, "The method is not allowed here", "Use one of the methods in the Allow header."),
  request_timeout: entry(
    408,
    "The request took too long to arrive",
    "Send the headers within 10 s and the whole request within 30 s.",
  ),
  name_taken: entry(409, "The name is taken", "Choose another name, or change the existing object."),
  external_id_taken: entry(
    409,
    "The external id is taken",
    "Choose another one, or remove it from the object that has it first.",
  ),
  event_id_conflict: entry(
    409,
    "The event id was used for another body",
    "Use a new id for a new event; repeat an id only with the same type and bytes.",
  ),
  legal_hold: entry(
    409,
    "A legal hold forbids the erasure",
    "Lift the hold first, if the person who asked for it agrees.",
  ),
  built_in: entry(
    409,
    "The api `sealpost` and its event types are the service's own",
    "Leave them as they are. An admin may change `listed`, `approval` and `retentionDays` of the api.",
  ),
  in_use: entry(409, "Something still depends on it", "Remove what the detail names first."),
  saml_certificate_needed: entry(
    409,
    "The connection needs the certificate",
    "Add the identity provider's next certificate first.",
  ),
  request_settled: entry(409, "The request was answered or withdrawn", "Make a new one."),
  already_granted: entry(409, "It is granted already", "There is nothing to ask for."),
  second_person_needed: entry(
    409,
    "A second person has to decide",
    "Let another person with the right decide. A key counts as the person or key that made it.",
  ),
  key_ended: entry(409, "The API key was revoked or has expired", "Make a new key."),
  signing_key_unused: entry(
    409,
    "No signing scheme uses an Ed25519 key",
    "Add `v1a` or `rfc9421` to the subscription's signing schemes first.",
  ),
  certificate_not_requested: entry(
    409,
    "No certificate request is pending",
    "Make one with POST /v1/subscriptions/{id}/csr, and give the certificate for the newest one.",
  ),
  status_conflict: entry(409, "The subscription's status does not allow it", "Do first what the detail names."),
  chat_channel_missing: entry(
    409,
    "The subscription has no chat channel",
    "Give the URL of a webhook first: PUT /v1/subscriptions/{id}/chat.",
  ),
  delivery_settled: entry(
    409,
    "The delivery is settled",
    "Nothing is left to cancel; resend it to have it sent again.",
  ),
  preview_changed: entry(
    409,
    "The preview does not fit any more",
    "Make a new preview and start the recovery with its token.",
  ),
  delivery_exists: entry(409, "There is a delivery of this event already", "Send that delivery again."),
  event_not_wanted: entry(
    409,
    "The event is not for this subscription",
    "Change the subscription or its grants first, if it should have the event.",
  ),
  event_under_way: entry(409, "The event is still being sent", "Wait a minute, then look at its deliveries."),
  recovery_waiting: entry(
    409,
    "The recovery waits for a second person",
    "It has not begun. Let another person release or refuse it, or cancel it.",
  ),
  recovery_ended: entry(409, "The recovery has ended", "Nothing is left to pause, resume or cancel; start a new one."),
  idempotency_key_reused: entry(
    409,
    "The idempotency key was used for another request",
    "Use a new key for a new request; repeat a key only with the same body.",
  ),
  idempotency_key_in_use: entry(
    409,
    "A request with this idempotency key is under way",
    "Send the same request again as Retry-After says, and it gets the first one's answer.",
  ),
  idempotency_answer_lost: entry(
    409,
    "The answer to this idempotency key was lost",
    "Look whether the change was made, then use a new key.",
  ),
  erased: entry(410, "The data was erased", "Nothing brings it back. A new event needs a new id."),
  changed_meanwhile: entry(
    412,
    "The object has been changed since",
    "Read it again, and send the change with its new ETag in If-Match.",
  ),
  payload_too_large: entry(413, "The body is too large", "Send less in one call."),
  unsupported_media_type: entry(
    415,
    "The content type is not supported",
    "Send `Content-Type: application/json`, with no charset or with utf-8.",
  ),
  content_encoding_unsupported: entry(
    415,
    "The content encoding is not supported",
    "Send the body without Content-Encoding.",
  ),
  expectation_failed: entry(417, "The expectation cannot be met", "Send no Expect header other than 100-continue."),
  api_unknown: entry(422, "There is no such api", "Use the id of an api that exists."),
  group_unknown: entry(422, "There is no such group", "Use the id of a group that exists."),
  grant_unknown: entry(
    422,
    "A grant names nothing that exists",
    "Grant the id of an api or the name of an event type.",
  ),
  event_type_not_granted: entry(
    422,
    "The group is not granted an event type",
    "Grant it to the group, or leave it out.",
  ),
  payload_invalid: entry(
    422,
    "The payload is not as the schema of its event type says",
    "Correct the payload at the places that are listed (`errors`). If the schema is wrong, change it, or how " +
      "payloads of the event type are checked (`validation`).",
  ),
  loop_detected: entry(
    422,
    "The event goes round in a circle",
    "An endpoint that was sent this event publishes it again, and so on: look for the subscription " +
      "whose URL leads back here, and change it.",
  ),
  schema_refused: entry(
    422,
    "The schema cannot be used",
    "Correct the places named in `errors`; JSON Schema 2020-12, without remote references, with " +
      "regular expressions that RE2 takes.",
  ),
  example_refused: entry(
    422,
    "An example is not as the schema says",
    "Correct the examples named in `errors`, or the schema.",
  ),
  document_refused: entry(
    422,
    "The document cannot be imported",
    "Correct the places named in `errors`; nothing was changed.",
  ),
  payload_undecodable: entry(422, "A payload cannot be opened", "Send payloads that this service sealed, unchanged."),
  saml_metadata_refused: entry(
    422,
    "The identity provider cannot be used as described",
    "Give its metadata, or its entity id, address and certificates, as the detail says.",
  ),
  filter_invalid: entry(
    422,
    "The filter is not valid",
    "Correct it at the position given; POST /v1/filters/test tries it.",
  ),
  retention_too_short: entry(
    422,
    "The retention is too short",
    "Give more days, or shorten the retention of the Temporal namespace.",
  ),
  recovery_window_needed: entry(
    422,
    "A recovery needs a window",
    "Give `since`, at most 30 days before `until` or now.",
  ),
  recovery_too_wide: entry(
    422,
    "The recovery is too wide",
    "Name a subscription or an event type, or choose a shorter window.",
  ),
  recovery_delivered_refused: entry(
    422,
    "Delivered events are not sent again so easily",
    'Name one subscription and give `"includeDelivered": true`.',
  ),
  verification_failed: entry(
    422,
    "The endpoint could not be verified",
    "Correct the endpoint as the detail says, then verify it again.",
  ),
  target_refused: entry(422, "The URL must not be called", "Give an https URL of a public host."),
  tls_refused: entry(422, "The TLS material cannot be used", "Correct the file that `errors` names."),
  header_conflict: entry(
    422,
    "Two headers have the same name",
    "Give custom headers other names than the header of the API key.",
  ),
  signing_secret_refused: entry(
    422,
    "The signing secret cannot be used",
    "Give `whsec_` and the base64 of 24 to 64 random bytes, or leave it out.",
  ),
  too_many_wrong_keys: entry(429, "Too many wrong API keys", "Correct the key and wait as Retry-After says."),
  rate_limited: entry(429, "Too many requests", "Wait as Retry-After says."),
  headers_too_large: entry(431, "The headers are too large", "Send at most 100 headers with 16 KiB in all."),
  internal: entry(
    500,
    "Something failed on our side",
    "Try again; if it goes on, tell the operator the time of the request.",
  ),
  unavailable: entry(503, "Not accepted now", "Try again as Retry-After says."),
  login_needs_https: entry(
    503,
    "Nobody can log in over http",
    "Set PUBLIC_URL to the https address under which browsers reach the service.",
  ),
  temporal_ui_unavailable: entry(
    503,
    "The Temporal UI does not answer",
    "Try again as Retry-After says; if it goes on, see whether the Temporal UI runs and what its log says.",
  ),
  temporal_ui_not_configured: entry(
    503,
    "No Temporal UI is connected",
    "Set TEMPORAL_UI_ADDRESS to where it runs, started with the public path /temporal.",
  ),
  not_ready: entry(
    503,
    "Not ready",
    "A publish would not be accepted and delivered now; the detail says what is missing.",
  ),
} as const satisfies Record<string, ProblemEntry>;

export type ProblemCode = keyof typeof PROBLEMS;
