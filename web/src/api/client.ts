/** The API as the pages use it: typed from its own document, with the session's cookie, from the same origin. */
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import createClient, { defaultPathSerializer } from "openapi-fetch";
import { t } from "../i18n/index.js";
import { ProblemError, readProblem } from "./problem.js";
import type { components, paths } from "./schema.js";

/**
 * An id that is a word, such as `count`, may be the name of another path. With its first character escaped it is none.
 * `ref` names events.
 */
export const escapedRef = (ref: string): string =>
  /^[a-z][a-z-]*$/.test(ref) ? `~${ref.charCodeAt(0).toString(16)}${ref.slice(1)}` : ref;

const pathSerializer: typeof defaultPathSerializer = (path, { ref, ...others }) =>
  defaultPathSerializer(path, { ...others, ...(typeof ref === "string" && { ref: escapedRef(ref) }) });

/** Calls by method and path of the document: `api.GET("/v1/me")`. Give what comes back to `ask`. */
export const api = createClient<paths>({ baseUrl: window.location.origin, credentials: "same-origin", pathSerializer });

export type Schemas = components["schemas"];

/**
 * On what a page asks by itself, again and again. Such a request is no use of the session, or an open tab would keep a
 * person logged in who has gone.
 */
export const BACKGROUND = { "sealpost-background": "1" } as const;

/** For what is asked again whenever it has changed. Only the first look is the person's own. */
export const unlessFirst = ({ client, queryKey }: { client: QueryClient; queryKey: QueryKey }) =>
  client.getQueryData(queryKey) === undefined ? {} : { headers: BACKGROUND };

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer. @throws ProblemError for everything else, a network that fails included */
export async function ask<T>(call: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await reached(call);
  if (response.ok) return data as T;
  throw new ProblemError(
    readProblem(error, response.status) ?? {
      title: t("problem.unknown"),
      detail: t("problem.unknownDetail"),
      code: `http_${response.status}`,
      status: response.status,
    },
  );
}

/** The same with the answer's `ETag`, for the `If-Match` of a change. @throws ProblemError */
export async function askTagged<T>(call: Promise<Answered<T>>): Promise<{ data: T; etag: string | undefined }> {
  const answered = await reached(call);
  const data = await ask(Promise.resolve(answered));
  return { data, etag: answered.response.headers.get("etag") ?? undefined };
}

async function reached<T>(call: Promise<Answered<T>>): Promise<Answered<T>> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ProblemError({
      title: t("problem.network"),
      detail: t("problem.networkDetail"),
      code: "network",
      status: 0,
    });
  }
}
