/**
 * The link to unsubscribe in each mail (RFC 8058). It works without a log-in and says nothing about the address. A GET
 * changes nothing, because mail programs and scanners open links. One POST ends the mail.
 */
import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { UNSUBSCRIBE_PATH, unsubscribeMac } from "../../catalogue/notices/mail-address.js";
import type { Store } from "../../store/store.js";
import { html } from "../pages/html.js";
import { sendPage } from "../pages/page.js";
import type { ApiRoute, RequestContext } from "../route.js";
import { parseQuery, validate } from "../http/validate.js";

const HASH = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const linkQuery = z.strictObject({ reader: HASH, mac: HASH });

/** The reader that the link was made for. Undefined for any other link. */
function readerIn(store: Pick<Store, "blindIndex">, target: string): string | undefined {
  const query = parseQuery(target);
  const checked = query.ok ? validate(linkQuery, query.value) : query;
  if (!checked.ok) return undefined;
  const { reader, mac } = checked.value;
  return timingSafeEqual(Buffer.from(unsubscribeMac(store, reader)), Buffer.from(mac)) ? reader : undefined;
}

const INVALID = {
  title: "This link does not work",
  main: html`<h1>This link does not work</h1>
    <p>It was changed or cut on its way. Open the link in the newest mail again.</p>`,
};
const DONE = {
  title: "No more mail",
  main: html`<h1>No more mail</h1>
    <p>
      This address gets no more notices by mail. If you want them again, then switch them on in the portal, on the page
      of your account.
    </p>`,
};
const questionOf = (target: string) => ({
  title: "Unsubscribe",
  main: html`<h1>Unsubscribe from notices by mail?</h1>
    <p>This address then gets no more notices. Others are not concerned.</p>
    <form method="post" action="${target}"><button>Unsubscribe</button></form>`,
});

const page = { tag: "People", hidden: true, act: "public", path: UNSUBSCRIBE_PATH, anyQuery: true } as const;

export const unsubscribeRoutes: readonly ApiRoute[] = [
  {
    ...page,
    method: "get",
    operationId: "unsubscribePage",
    summary: "Asks whether to unsubscribe",
    response: { status: 200, description: "A page" },
    async serve({ dependencies: { store } }: RequestContext<"store">, request, response) {
      const target = request.url ?? "";
      const reader = readerIn(store, target);
      sendPage(response, reader === undefined ? 404 : 200, reader === undefined ? INVALID : questionOf(target));
    },
  },
  {
    ...page,
    method: "post",
    operationId: "unsubscribe",
    summary: "Ends mail to an address",
    response: { status: 200, description: "A page" },
    async serve({ dependencies: { store } }: RequestContext<"store">, request, response) {
      const reader = readerIn(store, request.url ?? "");
      if (reader === undefined) return sendPage(response, 404, INVALID);
      await store.mail.stop(reader, "unsubscribed");
      sendPage(response, 200, DONE);
    },
  },
];
