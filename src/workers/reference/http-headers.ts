/**
 * HTTP headers for the reference. They come from the OpenAPI document, the security headers and the list of reserved
 * names, which the service itself uses.
 */
import { RESERVED_HEADERS } from "../../endpoint/http-headers.js";
import { servedRoutes } from "../../api/index.js";
import { buildOpenApi } from "../../api/openapi.js";
import { SECURITY_HEADERS } from "../../api/http/security-headers.js";
import { code, codes, markdownTable } from "./markdown.js";

type Document = ReturnType<typeof buildOpenApi>;
type Operation = NonNullable<NonNullable<Document["paths"]>[string]["get"]>;
interface Header {
  name: string;
  required: boolean;
  description: string;
}

const headersOf = ({ parameters = [] }: Operation): Header[] =>
  parameters.flatMap((parameter) =>
    "name" in parameter && parameter.in === "header"
      ? [{ name: parameter.name, required: parameter.required === true, description: descriptionOf(parameter) }]
      : [],
  );

/** An optional parameter has its description within its schema. */
const descriptionOf = ({
  description,
  schema,
}: {
  description?: string | undefined;
  schema?: object | undefined;
}): string => description ?? (schema && "description" in schema ? String(schema.description) : "");

/** What an endpoint receives, in the order of the OpenAPI document's webhook. */
export function deliveryHeadersTable(): string {
  const { post } = buildOpenApi(servedRoutes(), "0").webhooks?.["delivery"] ?? {};
  if (!post) throw new Error("The OpenAPI document has no webhook `delivery`.");
  return markdownTable(
    ["header", "sent", "meaning"],
    headersOf(post).map(({ name, required, description }) => [
      code(name),
      required ? "always" : "when it applies",
      description,
    ]),
  );
}

/** What a caller of the API may send, with the calls that take it. */
export function requestHeadersTable(): string {
  const rows = new Map<string, { name: string; description: string; calls: string[] }>();
  for (const [path, item] of Object.entries(buildOpenApi(servedRoutes(), "0").paths ?? {})) {
    for (const method of ["get", "post", "put", "patch", "delete"] as const) {
      for (const { name, description } of headersOf(item[method] ?? { responses: {} })) {
        const row = rows.get(`${name}\n${description}`) ?? { name, description, calls: [] };
        row.calls.push(`${method.toUpperCase()} ${path}`);
        rows.set(`${name}\n${description}`, row);
      }
    }
  }
  return markdownTable(
    ["header", "meaning", "calls"],
    [...rows.values()].map(({ name, description, calls }) => [code(name), description, codes(calls)]),
  );
}

export const securityHeadersTable = (): string =>
  markdownTable(
    ["header", "value"],
    Object.entries(SECURITY_HEADERS).map(([name, value]) => [code(name), code(value)]),
  );

/** Names, and beginnings of names, that neither an API key nor a custom header of a subscription may have. */
export const reservedHeaders = (): string => `${codes(RESERVED_HEADERS)}\n`;
