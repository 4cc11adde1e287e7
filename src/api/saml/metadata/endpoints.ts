/** Where an identity provider takes messages, out of its metadata (SAML 2.0 metadata, 2.2.2 and 2.4.3). */
import type { LogoutEndpoint } from "../../../store/collections/saml-connections.js";
import { METADATA, POST, REDIRECT } from "../namespaces.js";
import { attributeOf, childrenOf } from "../xml.js";
import { parsedUrl } from "../../../parsed-url.js";

/** Where the provider takes AuthnRequests. It has at least one of the two. */
export interface Endpoints {
  ssoRedirect?: string;
  ssoPost?: string;
}
export interface LogoutEndpoints {
  redirect?: LogoutEndpoint;
  post?: LogoutEndpoint;
}

interface AddressOptions {
  production: boolean;
}

/** Why people may not be sent to this address. Undefined when they may. */
export function ssoUrlFault(ssoUrl: string, { production }: AddressOptions): string | undefined {
  const url = ssoUrl.length > 2_048 ? undefined : parsedUrl(ssoUrl);
  if (!url) return "The address for log-ins is no URL of at most 2,048 characters.";
  const { protocol, hostname, username, password, hash } = url;
  if (username !== "" || password !== "" || hash !== "")
    return "The address for log-ins may hold no user, password or fragment.";
  const trial =
    !production &&
    protocol === "http:" &&
    (hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname));
  return protocol === "https:" || trial ? undefined : "The address for log-ins must be https.";
}

type ReadEndpoints = { ok: true; endpoints: Endpoints; warnings: string[] } | { ok: false; reason: string };

/**
 * The role's addresses for log-ins. If there are several for one binding, then the first one that people may be sent to
 * counts. Other bindings are left out.
 */
export function endpointsOf(role: Element, options: AddressOptions): ReadEndpoints {
  const [redirect, post] = [REDIRECT, POST].map((binding) => usable(role, "SingleSignOnService", binding, options));
  const endpoints: Endpoints = {
    ...(redirect?.found && { ssoRedirect: redirect.found.url }),
    ...(post?.found && { ssoPost: post.found.url }),
  };
  const faults = [...new Set([...(redirect?.faults ?? []), ...(post?.faults ?? [])])];
  if (redirect?.found || post?.found)
    return { ok: true, endpoints, warnings: faults.map((fault) => `An address for log-ins was left out. ${fault}`) };
  return {
    ok: false,
    reason: faults[0] ?? "The metadata has no SingleSignOnService with the HTTP-Redirect or HTTP-POST binding.",
  };
}

/** Its addresses for single logout, which a provider may do without. */
export function logoutEndpointsOf(
  role: Element,
  options: AddressOptions,
): { endpoints?: LogoutEndpoints; warnings: string[] } {
  const [redirect, post] = [REDIRECT, POST].map((binding) => usable(role, "SingleLogoutService", binding, options));
  const endpoints: LogoutEndpoints = {
    ...(redirect?.found && { redirect: redirect.found }),
    ...(post?.found && { post: post.found }),
  };
  const left = (redirect?.faults.length ?? 0) + (post?.faults.length ?? 0) > 0;
  return {
    ...((redirect?.found || post?.found) && { endpoints }),
    warnings: left
      ? [
          "An address for single logout was left out, because it is not https or no address that " +
            "a browser may be sent to.",
        ]
      : [],
  };
}

function usable(
  role: Element,
  service: string,
  binding: string,
  options: AddressOptions,
): { found?: LogoutEndpoint; faults: string[] } {
  const faults: string[] = [];
  for (const element of childrenOf(role, METADATA, service).filter(
    (each) => attributeOf(each, "Binding")?.trim() === binding,
  )) {
    const url = attributeOf(element, "Location")?.trim() ?? "";
    const responseUrl = attributeOf(element, "ResponseLocation")?.trim();
    const fault =
      ssoUrlFault(url, options) ??
      (responseUrl === undefined || service !== "SingleLogoutService" ? undefined : ssoUrlFault(responseUrl, options));
    if (fault === undefined) return { found: { url, ...(responseUrl !== undefined && { responseUrl }) }, faults };
    faults.push(fault);
  }
  return { faults };
}
