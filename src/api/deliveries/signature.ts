/** The signatures of one attempt: what was signed, with which key, and whether that can be made again. */
import { isUtf8 } from "node:buffer";
import { z } from "zod";
import type { Attempt, AttemptDetail, Delivery } from "../../store/model.js";
import { SIGNING_SCHEMES } from "../../store/model.js";
import { recompute, type RecomputedSignature } from "../../endpoint/signing/recompute.js";
import type { Actor } from "../access/actor.js";
import { seesContent } from "../access/access.js";
import { recordDeliveryRead } from "../access/content-reads.js";
import { refuse } from "../http/errors.js";
import { instant } from "../http/primitives.js";
import { ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { secretPrefix, urlFor } from "../subscriptions/view.js";
import { findDelivery } from "./deliveries.js";
import { payloadBytes } from "./event-payload.js";
import { deliveryId } from "./schemas.js";

const query = z.strictObject({
  attempt: z
    .string()
    .regex(/^[1-9][0-9]{0,5}$/, "must be the number of an attempt")
    .transform(Number)
    .optional()
    .meta({
      description: "The number of an attempt. The newest one when absent",
      override: { type: "integer", minimum: 1, maximum: 999_999, pattern: undefined },
    }),
});

const signatureView = z.object({
  scheme: z.enum(SIGNING_SCHEMES),
  label: z.string().optional().meta({ description: "Of a message signature (RFC 9421)" }),
  keyid: z
    .string()
    .optional()
    .meta({ description: "Of the key: as `secrets` or `keys` of the subscription name it. Absent if it is not known" }),
  secretPrefix: z.string().optional().meta({ description: "Beginning of the signing secret, where one signed" }),
  result: z
    .enum(["matches", "differs", "secret_gone"])
    .meta({
      description:
        "`matches`: the payload and a key of the subscription give this signature. `differs`: they do not, although " +
        "the key is there, so the record or the payload is not what was sent. `secret_gone`: the key was rotated " +
        "away, so nothing can be said",
    }),
  signature: z.string().optional().meta({ description: "As it was sent, in base64. Not for auditors" }),
  signed: z.int().optional().meta({ description: "Which of `signed` it was made of, from 0. Not for auditors" }),
});
const signedView = z.object({
  text: z.string(),
  encoding: z.enum(["utf8", "base64"]),
  size: z.int().meta({ description: "Bytes that were signed" }),
});
const attemptSignatures = z
  .object({
    attempt: z.int(),
    at: instant,
    signatures: z.array(signatureView).meta({ description: "Empty if nothing was sent" }),
    signed: z
      .array(signedView)
      .optional()
      .meta({
        description:
          "What was signed, each once. The query of the URL is masked for those who may not change the subscription. " +
          "Not for auditors",
      }),
  })
  .meta({ id: "AttemptSignatures" });
type View = z.input<typeof attemptSignatures>;

type Detailed = Attempt & { detail: AttemptDetail };

async function signaturesOf(
  context: RequestContext<"store" | "catalogue" | "auditTally">,
  delivery: Delivery,
  attempt: Detailed,
) {
  const { actor, dependencies } = context;
  const body = await payloadBytes(context, delivery.eventId);
  if (!body) return refuse("erased");
  const { url, requestHeaders: headers } = attempt.detail;
  const found = recompute(
    // Deliveries are always sent by POST.
    { method: "POST", url, headers, body, at: attempt.at },
    await dependencies.store.subscriptions.get(delivery.subscriptionId),
  );
  if (seesContent(actor)) await recordDeliveryRead(context, { ...delivery, attempts: [attempt] }, 1);
  return ok(viewOf(actor, attempt, found));
}

function viewOf(actor: Actor, { number, at, detail }: Detailed, found: readonly RecomputedSignature[]): View {
  const texts = [...new Set(found.flatMap(({ signed }) => signed ?? []))];
  const content = seesContent(actor);
  const shown = urlFor(actor)(detail.url);
  return {
    attempt: number,
    at: at.toISOString(),
    signatures: found.map(({ scheme, label, keyid, secret, result, signature, signed }) => ({
      scheme,
      ...(label !== undefined && { label }),
      ...(keyid !== undefined && { keyid }),
      ...(secret && { secretPrefix: secretPrefix(secret.secret) }),
      result,
      ...(content && { signature, ...(signed && { signed: texts.indexOf(signed) }) }),
    })),
    ...(content && { signed: texts.map((bytes) => signedText(bytes, { from: detail.url, to: shown })) }),
  };
}

/** `from` is the URL as it was signed, and `to` as the actor may see it. */
function signedText(bytes: Buffer, { from, to }: { from: string; to: string }): z.input<typeof signedView> {
  const size = bytes.byteLength;
  if (!isUtf8(bytes)) return { text: bytes.toString("base64"), encoding: "base64", size };
  const text = bytes.toString("utf8");
  const line = (url: string): string => `\n"@target-uri": ${url}\n`;
  return { text: from === to ? text : text.replace(line(from), () => line(to)), encoding: "utf8", size };
}

export const signatureRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/deliveries/{id}/signature",
    operationId: "readDeliverySignature",
    tag: "Deliveries",
    act: "deliveries:read",
    summary: "What an attempt signed, and whether it can be made again",
    description:
      "For a consumer whose verification fails: compare the signed bytes with those that your code verifies. " +
      "The answer never contains a secret. Who reads the signed bytes is in the audit (`content.read`).",
    params: z.strictObject({ id: deliveryId }),
    query,
    response: { status: 200, description: "The signatures of the attempt", schema: attemptSignatures },
    problems: ["erased"],
    async handle(
      context: RequestContext<"store" | "catalogue" | "auditTally">,
      { params: { id }, query: { attempt: number } },
    ) {
      const delivery = await findDelivery(context, id);
      if (!delivery) return refuse("not_found");
      const attempt =
        number === undefined ? delivery.attempts.at(-1) : delivery.attempts.find((each) => each.number === number);
      if (!attempt)
        return refuse("not_found", "The delivery has no attempt with this number, or it is no longer kept.");
      const { detail } = attempt;
      return detail ? signaturesOf(context, delivery, { ...attempt, detail }) : refuse("erased");
    },
  }),
];
