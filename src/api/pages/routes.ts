/** The pages for people. They are not in the API's document. */
import { z } from "zod";
import { ROLES } from "../../store/model.js";
import type { Actor } from "../access/actor.js";
import { mayAct } from "../access/access.js";
import { readBody } from "../http/body.js";
import { sessionTokenOf } from "../http/cookies.js";
import { refuse } from "../http/errors.js";
import { changeRole } from "../login/me.js";
import { accountPage } from "./account.js";
import { ASSET_PATHS, sendAsset } from "./assets.js";
import { loggedOutPage } from "./login.js";
import { sendPage, sendSeeOther } from "./page.js";
import { answerPageRefusal, answerRefusal } from "./refused.js";
import { problemsPage, PROBLEMS_PATH } from "./problems.js";
import { startPage } from "./start.js";
import type { RequestContext, ApiRoute, RoutedRequest } from "../route.js";
import { parseQuery } from "../http/validate.js";

const page = { tag: "People", hidden: true, response: { status: 200, description: "A page" } } as const;
const FORM_LIMIT_BYTES = 1_024;
const role = z.enum(ROLES);

export const pageRoutes: readonly ApiRoute[] = [
  {
    ...page,
    method: "get",
    path: "/",
    operationId: "start",
    summary: "The way in",
    act: "public",
    async serve(context: RequestContext<"settings" | "sessions">, request, response) {
      const actor = await visitorOf(context, request);
      const { production } = context.dependencies.settings;
      sendPage(
        response,
        200,
        startPage({ actor, documentation: !production || (actor !== undefined && mayAct(actor, "service:read")) }),
      );
    },
  },
  {
    ...page,
    method: "get",
    path: "/account",
    operationId: "accountPage",
    summary: "Who is logged in",
    act: "session:own",
    page: "/saml/login",
    async serve({ actor, dependencies: { catalogue } }: RequestContext<"catalogue">, request, response) {
      if (!actor.session)
        return answerRefusal(
          request,
          response,
          refuse("forbidden", "A key has no account page; GET /v1/me tells about it."),
        );
      sendPage(response, 200, accountPage(actor, actor.session, catalogue));
    },
  },
  {
    ...page,
    method: "post",
    path: "/account/role",
    operationId: "accountRole",
    summary: "Act in another role",
    act: "session:own",
    page: "/saml/login",
    async serve(context: RequestContext<"store" | "catalogue" | "sessions">, request, response) {
      const body = await readBody(request, FORM_LIMIT_BYTES);
      if (!body.ok) return answerRefusal(request, response, body.refusal);
      const form = parseQuery(`?${body.bytes.toString("latin1")}`);
      const chosen = role.safeParse(form.ok ? form.value["role"] : undefined);
      const refusal = chosen.success
        ? await changeRole(context, chosen.data)
        : refuse("invalid_request", "Choose one of the roles.");
      if (refusal) return answerPageRefusal(request, response, refusal, "/saml/login");
      sendSeeOther(response, "/account");
    },
  },
  {
    ...page,
    method: "get",
    path: "/logged-out",
    operationId: "loggedOutPage",
    summary: "After a log-out",
    act: "public",
    serve: async (_context, _request, response) => sendPage(response, 200, loggedOutPage("here")),
  },
];

/** On every process, workers included: error pages load the files and link to the codes. */
export const commonPageRoutes: readonly ApiRoute[] = [
  {
    ...page,
    method: "get",
    path: PROBLEMS_PATH,
    operationId: "problemsPage",
    summary: "What each problem code means",
    act: "public",
    serve: async (_context, _request, response) => sendPage(response, 200, problemsPage),
  },
  ...ASSET_PATHS.map((path): ApiRoute => ({
    ...page,
    method: "get",
    path,
    operationId: `file:${path}`,
    summary: "A file of the pages",
    act: "public",
    serve: async (_context, _request, response) => void sendAsset(response, path),
  })),
];

/** Whoever is logged in. A session that has ended is nobody's here: the page is for everybody. */
async function visitorOf(
  { dependencies: { sessions } }: RequestContext<"sessions">,
  request: RoutedRequest,
): Promise<Actor | undefined> {
  const token = sessionTokenOf(request);
  const admitted = token === undefined ? undefined : await sessions.admit(token);
  return admitted === undefined || "refused" in admitted ? undefined : admitted;
}
