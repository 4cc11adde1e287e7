/** URLs that hold a secret in their query, as capability URLs do, or before the host. */
import { parsedUrl } from "../parsed-url.js";

/** The secret parts of a URL, as they are written and as they are meant. */
export function partsOfUrl(text: string): string[] {
  const url = parsedUrl(text);
  if (!url) return [];
  const { search, searchParams, username, password } = url;
  const credentials = [username, password].filter((part) => part !== "");
  const pairs =
    search === ""
      ? []
      : search
          .slice(1)
          .split("&")
          .map((pair) => pair.slice(pair.indexOf("=") + 1));
  return [
    ...(search === "" ? [] : [search.slice(1)]),
    ...pairs,
    ...searchParams.values(),
    ...credentials,
    ...credentials.flatMap(meant),
  ];
}

function meant(part: string): string[] {
  try {
    return [decodeURIComponent(part)];
  } catch {
    return [];
  }
}

/** The URL for logs and for actors who may not change it. It has no query values and no user. */
export const maskUrl = (text: string): string =>
  text.includes("?") ? `${publicPart(text)}?(secret)` : publicPart(text);

/** The scheme, host and path of the URL, without its query, its fragment and a user. */
export const publicPart = (text: string): string =>
  text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1").replace(/[?#].*$/s, "");

/** A text with the URLs in it masked. It is for what people write and for messages of errors. */
export const maskUrls = (text: string): string => text.replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, maskUrl);
