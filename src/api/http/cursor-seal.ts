/**
 * Cursors of lists, so that only those are taken that this service gave for the same list: a code of 128 bits stands
 * behind each. The lists themselves know nothing of it, and a cursor that was made up reaches none of them.
 */
import { timingSafeEqual } from "node:crypto";
import type { Store } from "../../store/store.js";
import { refuse, type Refusal } from "./errors.js";
import { carryOn } from "./relative-time.js";
import type { HandledRoute, ApiRoute } from "../route.js";

type Input = Parameters<HandledRoute["handle"]>[1];
type Pepper = Pick<Store, "blindIndex">;

export interface CursorSeal {
  /** The input with the list's own cursor. Refused when it was not given here. */
  open(store: Pepper, input: Input): Input | Refusal;
  /** The answer with its cursor sealed. `frozen` is the instant that relative times of the list are reckoned from. */
  seal(store: Pepper, body: unknown, frozen?: number): unknown;
}

const CODE_BYTES = 16;

export function createCursorSeal({ operationId }: Pick<ApiRoute, "operationId">): CursorSeal {
  // Bound to the list: a cursor of deliveries says nothing to a list of events.
  const codeOf = (store: Pepper, cursor: string): Buffer =>
    Buffer.from(store.blindIndex("cursor", `${operationId}|${cursor}`)).subarray(0, CODE_BYTES);
  return {
    open(store, input) {
      const { cursor: given } = input.query;
      if (typeof given !== "string") return input;
      const end = given.lastIndexOf(".");
      const cursor = given.slice(0, Math.max(0, end));
      const code = Buffer.from(given.slice(end + 1), "base64url");
      const known =
        end > 0 &&
        code.byteLength === CODE_BYTES &&
        timingSafeEqual(code, codeOf(store, cursor)) &&
        code.toString("base64url") === given.slice(end + 1);
      return known
        ? { ...input, query: { ...input.query, cursor } }
        : refuse("invalid_request", undefined, {
            errors: [{ path: "query.cursor", message: "must be a `next` of an earlier page of this list" }],
          });
    },
    seal(store, body, frozen) {
      if (
        typeof body !== "object" ||
        body === null ||
        !("next" in body) ||
        !("data" in body) ||
        typeof body.next !== "string"
      )
        return body;
      const cursor = carryOn(body.next, frozen);
      return { ...body, next: `${cursor}.${codeOf(store, cursor).toString("base64url")}` };
    },
  };
}
