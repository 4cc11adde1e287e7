/** What can be said of an endpoint before a subscription sends to it. Nothing is sent to it here. */
import { z } from "zod";
import { TARGET_STEPS, type TargetCheck } from "../../endpoint/target/target-check.js";
import type { Subscription } from "../../store/model.js";
import { recordAct } from "../access/audit.js";
import { refuse } from "../http/errors.js";
import { type ApiRoute, ok, type RequestContext, route } from "../route.js";
import { certificateView } from "./certificate-schemas.js";
import { withDaysLeft } from "./certificates.js";
import { findSubscription } from "./checks.js";
import { subscriptionId } from "./schemas.js";
import { url } from "./technique-schemas.js";
import { parsedUrl } from "../../parsed-url.js";

const targetCheckInput = z
  .strictObject({
    url,
    subscriptionId: subscriptionId
      .optional()
      .meta({
        description:
          "The check uses the client certificate, the authorities and the TLS version of this subscription. Without " +
          "it: none, the public roots, and TLS 1.3",
      }),
  })
  .meta({ id: "TargetCheckInput" });

const targetCheckView = z
  .object({
    ok: z.boolean().meta({ description: "No step failed" }),
    steps: z
      .array(
        z.object({
          step: z.enum(TARGET_STEPS),
          state: z
            .enum(["ok", "failed", "skipped"])
            .meta({ description: "`skipped`: an earlier step failed, or there is nothing to look at" }),
          code: z
            .string()
            .meta({
              description:
                "Stable. `ok` or `skipped`. If it failed: `tls_version_too_low`, the code of an outcome such as " +
                "`tls_untrusted`, or what is wrong with the URL, such as `port`",
            }),
          explanation: z.string(),
          todo: z.string().optional().meta({ description: "What to do. Present if it failed" }),
        }),
      )
      .meta({ description: "Each step once, in the order in which they are taken" }),
    tlsProtocol: z.string().optional().meta({ description: "`TLSv1.2` or `TLSv1.3`", example: "TLSv1.3" }),
    certificates: z
      .array(certificateView)
      .optional()
      .meta({ description: "What the endpoint showed, in the order in which it was sent. At most five" }),
  })
  .meta({ id: "TargetCheck" });

type Context = RequestContext<"store" | "catalogue" | "limits" | "checkTarget" | "log">;

function viewOf({ certificates, ...check }: TargetCheck): z.input<typeof targetCheckView> {
  const now = new Date();
  return { ...check, ...(certificates && { certificates: certificates.map((facts) => withDaysLeft(facts, now)) }) };
}

/** For the limit and the audit. The rest of a URL may hold a secret. */
const hostOf = (text: string): string => parsedUrl(text)?.hostname ?? "invalid";

/** What was shown is the endpoint's last chain if the URL is that of the subscription. Keeping it is no act. */
async function keepChain(
  { dependencies: { store, log } }: Context,
  { id: subscriptionId, groupId, url: own }: Subscription,
  { url: given, checked: { certificates = [], tlsProtocol } }: { url: string; checked: TargetCheck },
): Promise<void> {
  const { host } = new URL(own);
  if (certificates.length === 0 || host !== new URL(given).host) return;
  // A check looks with TLS 1.2 as well, and tells the protocol only of a connection that was made.
  const made = tlsProtocol === undefined ? { accepted: false } : { accepted: true, tlsProtocol };
  await store.endpointChains
    .record({ subscriptionId, groupId, host, ...made, certificates, since: new Date() })
    .catch((error: unknown) => log.warn({ err: error }, "the certificates of an endpoint could not be recorded"));
}

async function check(context: Context, given: z.output<typeof targetCheckInput>) {
  const { limits, checkTarget } = context.dependencies;
  const host = hostOf(given.url);
  const limited = await limits.refuse(context.actor, "targets", { group: undefined, host });
  if (limited) return limited;
  const subscription =
    given.subscriptionId === undefined ? undefined : await findSubscription(context, given.subscriptionId);
  if (given.subscriptionId !== undefined && !subscription) return refuse("not_found");
  const checked = await checkTarget({ url: given.url, ...(subscription?.tls && { tls: subscription.tls }) });
  if (subscription) await keepChain(context, subscription, { url: given.url, checked });
  const failed = checked.steps.find(({ state }) => state === "failed");
  await recordAct(context, "target.check", host, { outcome: failed?.code ?? "ok" });
  return ok(viewOf(checked));
}

export const targetCheckRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/targets/check",
    operationId: "checkTarget",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Look at an endpoint before a subscription sends to it",
    description:
      "Resolves the name, asks whether its addresses may be called, connects, and reads the TLS version and the " +
      "certificates. The connection is closed before any request, so nothing is sent. At most 5 a minute and person.",
    body: targetCheckInput,
    response: { status: 200, description: "What was found, step by step", schema: targetCheckView },
    problems: ["not_found", "rate_limited"],
    handle: async (context: Context, { body }) => check(context, body),
  }),
];
