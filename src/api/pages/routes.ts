/** The pages for people. They are not in the API's document. */
import { ASSET_PATHS, sendAsset } from "./assets.js";
import { loggedOutPage } from "./login.js";
import { sendPage } from "./page.js";
import { problemsPage, PROBLEMS_PATH } from "./problems.js";
import type { ApiRoute } from "../route.js";

const page = { tag: "People", hidden: true, response: { status: 200, description: "A page" } } as const;

export const pageRoutes: readonly ApiRoute[] = [
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
