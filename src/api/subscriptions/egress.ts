/** From where endpoints are called, for the allow lists of their firewalls. */
import { z } from "zod";
import { ok, type RequestContext, type ApiRoute, route } from "../route.js";

const egressView = z
  .object({
    addresses: z
      .array(z.string())
      .meta({
        description: "IP addresses and networks (CIDR) as the operator has set them. Empty where they were not set",
        example: ["198.51.100.7", "2001:db8:7::/64"],
      }),
  })
  .meta({ id: "Egress" });

export const egressRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/egress",
    operationId: "readEgress",
    tag: "Subscriptions",
    act: "subscriptions:read",
    summary: "Addresses that deliveries come from",
    description:
      "For the allow list of an endpoint's firewall. Sealpost calls endpoints itself and through no proxy, so these " +
      "are the addresses that an endpoint sees. An operator sets them with `SEALPOST_EGRESS_ADDRESSES`.",
    response: { status: 200, description: "The addresses", schema: egressView },
    handle: async ({ dependencies: { settings } }: RequestContext<"settings">) =>
      ok({ addresses: [...settings.egressAddresses] }),
  }),
];
