/** The portal's pages under /portal: one document for every address below it, and the files that it loads. */
import { z } from "zod";
import { refuse } from "../http/errors.js";
import { noteRoutine, send } from "../http/respond.js";
import { PORTAL_HEADERS } from "../http/security-headers.js";
import { acceptsBrotli } from "./encoding.js";
import { sendSeeOther } from "../pages/page.js";
import { answerRefusal } from "../pages/refused.js";
import type { ApiRoute, RequestContext } from "../route.js";

/** Where the portal is. */
export const PORTAL_PATH = "/portal";

const page = { method: "get", tag: "People", hidden: true, response: { status: 200, description: "A page" } } as const;

/** Every address is the same document: which screen it shows is decided by the script that it loads. */
const portalPage = (path: `/${string}`, operationId: string): ApiRoute => ({
  ...page,
  path,
  operationId,
  summary: "The portal",
  act: "session:own",
  page: "/saml/login",
  anyQuery: true,
  async serve({ actor, dependencies: { portal } }: RequestContext<"portal">, request, response) {
    if (!actor.session)
      return answerRefusal(
        request,
        response,
        refuse("forbidden", "A key has no pages; GET /v1/me tells about it, and the API has all that the pages show."),
      );
    send(response, 200, portal.page, { ...PORTAL_HEADERS, "content-type": "text/html; charset=utf-8" });
  },
});

/** Where the start and the account page were before the portal. */
const movedTo = (path: "/" | "/account", target: string): ApiRoute => ({
  ...page,
  path,
  operationId: `moved:${path}`,
  summary: "It is in the portal now",
  act: "public",
  response: { status: 303, description: "Leads to the portal" },
  anyQuery: true,
  serve: async (_context, _request, response) => sendSeeOther(response, target),
});

const FOREVER = "public, max-age=31536000, immutable";

export const portalRoutes: readonly ApiRoute[] = [
  movedTo("/", PORTAL_PATH),
  movedTo("/account", `${PORTAL_PATH}/account`),
  portalPage(PORTAL_PATH, "portal"),
  {
    ...page,
    path: `${PORTAL_PATH}/assets/{file}`,
    operationId: "portalAsset",
    summary: "A file of the portal's pages",
    act: "public",
    params: z.object({ file: z.string() }),
    async serve({ dependencies: { portal } }: RequestContext<"portal">, request, response) {
      const asset = portal.assets.get(String(request.params?.["file"]));
      if (!asset) return answerRefusal(request, response, refuse("not_found"));
      noteRoutine(response);
      const compressed = acceptsBrotli(request) ? asset.brotli : undefined;
      send(response, 200, compressed ?? asset.bytes, {
        ...PORTAL_HEADERS,
        "content-type": asset.type,
        "cache-control": FOREVER,
        vary: "accept-encoding",
        ...(compressed && { "content-encoding": "br" }),
      });
    },
  },
  // The rest below /portal, however many segments it has.
  portalPage(`${PORTAL_PATH}/{*path}`, "portalScreen"),
];
