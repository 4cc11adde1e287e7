/**
 * The remote codec of Temporal. The UI and the CLI have payloads opened here, and a provider without a master key has
 * them sealed. https://docs.temporal.io/codec-server
 */
import type { Payload } from "@temporalio/common";
import type { z } from "zod";
import type { SealedAs } from "../../store/sealing/payload-codec.js";
import type { Actor } from "../access/actor.js";
import { mayAct } from "../access/access.js";
import { parseJson, readBody, refuseUnlessJson } from "../http/body.js";
import { refuse, type Refusal } from "../http/errors.js";
import { sendJson, sendRefusal } from "../http/respond.js";
import type { RequestContext, ApiRoute, RoutedRequest } from "../route.js";
import { payloads } from "../access/schemas.js";
import { validate } from "../http/validate.js";

/** A page of history in the Temporal UI. Payloads are 2 MiB at most, and a third more in base64. */
const CODEC_LIMIT_BYTES = 16 * 1024 * 1024;

type Wire = z.output<typeof payloads>;

const toPayload = ({ metadata, data }: Wire["payloads"][number]): Payload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, "base64")]),
  ),
  data: data === undefined ? null : Buffer.from(data, "base64"),
});

const toWire = ({ metadata, data }: Payload): Wire["payloads"][number] => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString("base64")]),
  ),
  ...(data && { data: Buffer.from(data).toString("base64") }),
});

async function convert(
  { dependencies, actor }: RequestContext<"auditTally" | "codec">,
  request: RoutedRequest,
  direction: "encode" | "decode",
): Promise<Wire | Refusal> {
  const wrongType = refuseUnlessJson(request.headers["content-type"]);
  if (wrongType) return wrongType;
  const body = await readBody(request, CODEC_LIMIT_BYTES);
  if (!body.ok) return body.refusal;
  const parsed = parseJson(body.bytes);
  if (!parsed.ok) return parsed.refusal;
  const checked = validate(payloads, parsed.value);
  if (!checked.ok) return checked.refusal;
  const given = checked.value.payloads.map(toPayload);
  const { codec } = dependencies;
  const converted = (await (direction === "encode" ? codec.encodeAs(sealedAs(actor), given) : codec.decode(given))).map(
    toWire,
  );
  // It is on record before anybody sees the content. The record says who, how much and of which days, and never what.
  if (direction === "decode")
    await dependencies.auditTally.record({
      actor: actor.name,
      action: "codec.decode",
      subject: "temporal",
      counts: { payloads: given.length },
      names: { dataKeys: dataKeysOf(given) },
    });
  return { payloads: converted };
}

/**
 * What the envelope says of who sealed it. A key that may publish starts events with it, within the apis it has now.
 * Everybody else, a person above all, seals for signals. What a browser session sealed must not be sent to consumers.
 * The admin key of the environment counts as a person, because no row can be revoked for it when the event is
 * dispatched.
 */
function sealedAs(actor: Actor): SealedAs {
  const keyId = /^key:(.+)$/.exec(actor.name)?.[1];
  if (keyId === undefined || !mayAct(actor, "events:publish")) return { purpose: "operator", actor: actor.name };
  return { purpose: "publisher", keyId, ...(actor.apiIds && { apis: actor.apiIds }) };
}

/**
 * Which data keys open them, as their metadata says (src/store/sealing/payload-codec.ts). The codec has opened them, so
 * the metadata is true.
 */
const dataKeysOf = (given: Payload[]): string[] =>
  given.flatMap(({ metadata }) =>
    metadata?.["encryption-key-id"] ? [Buffer.from(metadata["encryption-key-id"]).toString("utf8").slice(0, 100)] : [],
  );

function codecRoute(direction: "encode" | "decode", summary: string): ApiRoute {
  return {
    method: "post",
    path: `/codec/${direction}`,
    operationId: `${direction}Payloads`,
    tag: "Codec",
    act: `codec:${direction}`,
    summary,
    description:
      "The remote codec protocol of Temporal. Query parameters are ignored: the Temporal UI adds some of its own.",
    // Temporal UI 2.50 and later call `/codec/decode?preserveStorageRefs=true`.
    anyQuery: true,
    body: payloads,
    response: { status: 200, description: "The payloads in the same order", schema: payloads },
    problems: [
      "malformed_json",
      "unsupported_media_type",
      "content_encoding_unsupported",
      "payload_too_large",
      "payload_undecodable",
      "erased",
    ],
    async serve(context: RequestContext<"auditTally" | "codec">, request, response) {
      const outcome = await convert(context, request, direction).catch((error: unknown) => refuseUndecodable(error));
      if ("refused" in outcome) return sendRefusal(response, outcome);
      sendJson(response, 200, outcome);
    },
  };
}

/** A payload that another key sealed, or that was tampered with, is the caller's business. Everything else is ours. */
function refuseUndecodable(error: unknown): Refusal {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "sealed_data_invalid" || code === "key_unknown") return refuse("payload_undecodable");
  throw error;
}

export const codecRoutes: readonly ApiRoute[] = [
  codecRoute("encode", "Seal Temporal payloads"),
  codecRoute("decode", "Open Temporal payloads"),
];
