/** How a route is declared: once, for the router and for the OpenAPI document alike. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import type { Actor } from "./access/actor.js";
import type { Act } from "./access/access.js";
import type { ActOfRequest } from "./access/act.js";
import type { ApiDependencies } from "./dependencies.js";
import type { Refusal } from "./http/errors.js";
import type { ProblemCode } from "./http/problem-codes.js";

/** What the API as a whole is built from, by name. */
export type DependencyName = keyof ApiDependencies;

/**
 * What a handler knows of the request besides its validated input. A handler names the dependencies that it takes, for
 * example `RequestContext<"store" | "catalogue">`. It can reach no others.
 */
export interface RequestContext<K extends DependencyName = never> {
  dependencies: Pick<ApiDependencies, K>;
  actor: Actor;
  /** The administrative act of this request. Absent where it is none. */
  act?: ActOfRequest;
  /**
   * With `If-Match`: compares the tag in a compare-and-set that voids it. To be called before what has an effect
   * earlier than the object's own write. @throws ChangedMeanwhile
   */
  claim?: () => Promise<void>;
}

/** A request with what the router took out of its path. The hot path comes without a router. */
export type RoutedRequest = IncomingMessage & { params?: Record<string, unknown> };

export interface Reply<T = unknown> {
  status: 200 | 201 | 202 | 204;
  body?: T;
  headers?: Record<string, string>;
}
export const ok = <T>(body: T): Reply<T> => ({ status: 200, body });
export const created = <T>(body: T, location: string): Reply<T> => ({ status: 201, body, headers: { location } });
export const accepted = <T>(body: T): Reply<T> => ({ status: 202, body });
export const noContent: Reply<never> = { status: 204 };

type Nothing = z.ZodObject<Record<never, never>>;

interface Declaration {
  method: "get" | "post" | "put" | "patch" | "delete";
  /** OpenAPI form, `/v1/groups/{id}`. */
  path: `/${string}`;
  operationId: string;
  tag: Tag;
  summary: string;
  description?: string;
  /** What the actor must be allowed to do. For `public` no key is asked for. */
  act: Act | "public";
  /** In production only the act's roles, otherwise everybody without a key. */
  publicOutsideProduction?: true;
  /** Problems beside those that every route of its kind has. */
  problems?: readonly ProblemCode[];
  /** Answers people. A refusal is a page, and a person who is not logged in is sent there. */
  page?: "/saml/login" | "/logged-out";
  /** A JSON Schema may be in the body: deeper and of more values than other administrative bodies. */
  schemaInBody?: true;
  /** More than other administrative bodies may have, and what to say above that. */
  largeBody?: { bytes: number; tooLarge: string };
  /**
   * The caller is a foreign program that adds query parameters with its versions. Those that are not known here are
   * ignored.
   */
  anyQuery?: true;
  /** Member of the body whose bytes the handler gets too. A number beyond 2^53 is whole only there. */
  rawMember?: string;
  /** The body may be missing altogether. */
  bodyOptional?: true;
}
interface Schemas<P, Q, B, R> {
  params?: P;
  query?: Q;
  body?: B;
  response: { status: Reply["status"] | 303; description: string; schema?: R };
}

export type Tag =
  | "Catalogue"
  | "Groups"
  | "Subscriptions"
  | "Events"
  | "Deliveries"
  | "Recoveries"
  | "Administration"
  | "People"
  | "Codec"
  | "Service";

/** A route whose request and answer are JSON, checked against its schemas. */
interface JsonRoute<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
  R extends z.ZodType,
  K extends DependencyName,
>
  extends Declaration, Schemas<P, Q, B, R> {
  handle(
    context: RequestContext<K>,
    input: { params: z.output<P>; query: z.output<Q>; body: z.output<B>; raw?: Uint8Array },
  ): Promise<Reply<z.input<R>> | Refusal>;
}

/** A route that reads or writes its own bytes. Authentication and authorisation have been done. */
export interface ServedRoute extends Declaration, Schemas<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType> {
  /** Media type of the request, where it is not JSON. */
  requestType?: string;
  /** Media types of the answer, where it is not JSON. */
  responseType?: string | readonly string[];
  /** Request headers for the document. */
  headers?: z.ZodObject;
  /** Answered where the path parameter cannot exist. By default `not_found`. */
  unknownPath?: ProblemCode;
  /** Not in the document: pages and their files. */
  hidden?: true;
  /** What its first parameter names, as for a handler. The router hands over all dependencies. */
  serve(context: RequestContext, request: RoutedRequest, response: ServerResponse): Promise<void>;
}

/** The router has all dependencies, and so what any handler names. */
export type RouterContext = RequestContext<DependencyName>;

export type HandledRoute = JsonRoute<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType, DependencyName>;
export type ApiRoute = HandledRoute | ServedRoute;

/**
 * Declares a JSON route. The handler's input and output have the types of the schemas. Its dependencies are those that
 * its first parameter names.
 */
export function route<
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodType = Nothing,
  R extends z.ZodType = z.ZodVoid,
  K extends DependencyName = never,
>(declaration: JsonRoute<P, Q, B, R, K>): ApiRoute {
  // The router validates with these same schemas before it calls the handler, which makes the wider type safe.
  return declaration;
}

export const isRefusal = (outcome: Reply | Refusal): outcome is Refusal => "refused" in outcome;
