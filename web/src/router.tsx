/** Which screen stands at which address below /portal. Each screen but the frame is loaded when it is first opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link } from "@tanstack/react-router";
import { t } from "./i18n/index.js";
import { Frame } from "./parts/frame/frame.js";
import { Page } from "./parts/page.js";
import { ProblemNotice } from "./parts/problem-notice.js";
import { catalogueSearch } from "./screens/catalogue/filters.js";
import { Deliveries } from "./screens/deliveries/deliveries.js";
import { deliveriesSearch } from "./screens/deliveries/filters/filters.js";
import { eventsSearch } from "./screens/events/filters.js";
import { subscriptionSearch } from "./screens/subscription/tabs.js";
import { newRecoverySearch, recoveriesSearch } from "./screens/recoveries/filters.js";
import { overviewSearch } from "./screens/overview/filters.js";
import { Overview } from "./screens/overview/overview.js";
import { requestsSearch } from "./screens/requests/filters.js";
import { newSubscriptionSearch } from "./screens/subscription-new/steps.js";
import { subscriptionsSearch } from "./screens/subscriptions/filters.js";
import { frameSearch, parseSearch, stringifySearch } from "./search-parameters.js";

const rootRoute = createRootRoute({ component: Frame, notFoundComponent: NotFound, validateSearch: frameSearch });

const startRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  validateSearch: overviewSearch,
  component: Overview,
});
/** What people come for, so it is part of the first load. */
const deliveriesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/deliveries",
  validateSearch: deliveriesSearch,
  component: Deliveries,
});
const deliveryRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/deliveries/$id",
  component: lazyRouteComponent(() => import("./screens/delivery/route.js"), "DeliveryRoute"),
});
const eventsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/events",
  validateSearch: eventsSearch,
  component: lazyRouteComponent(() => import("./screens/events/events.js"), "Events"),
});
const eventRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/events/$id",
  component: lazyRouteComponent(() => import("./screens/events/route.js"), "EventRoute"),
});
const subscriptionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/subscriptions",
  validateSearch: subscriptionsSearch,
  component: lazyRouteComponent(() => import("./screens/subscriptions/subscriptions.js"), "Subscriptions"),
});
const newSubscriptionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/subscriptions/new",
  validateSearch: newSubscriptionSearch,
  component: lazyRouteComponent(() => import("./screens/subscription-new/new-subscription.js"), "NewSubscription"),
});
const subscriptionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/subscriptions/$id",
  validateSearch: subscriptionSearch,
  component: lazyRouteComponent(() => import("./screens/subscription/route.js"), "SubscriptionRoute"),
});
const catalogueRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/catalogue",
  validateSearch: catalogueSearch,
  component: lazyRouteComponent(() => import("./screens/catalogue/catalogue.js"), "Catalogue"),
});
const importTypesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/import",
  component: lazyRouteComponent(() => import("./screens/catalogue/import/import-types.js"), "ImportTypes"),
});
/** Not below /catalogue, where it would hide an event type of this name. */
const newTypeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/new-event-type",
  component: lazyRouteComponent(() => import("./screens/catalogue/new/new-type.js"), "NewType"),
});
const editTypeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/catalogue/$name/edit",
  component: lazyRouteComponent(() => import("./screens/catalogue/edit/edit-type.js"), "EditTypeRoute"),
});
const eventTypeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/catalogue/$name",
  component: lazyRouteComponent(() => import("./screens/catalogue/event-type.js"), "EventTypeRoute"),
});
const requestsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/requests",
  validateSearch: requestsSearch,
  component: lazyRouteComponent(() => import("./screens/requests/requests.js"), "Requests"),
});
const recoveriesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/recoveries",
  validateSearch: recoveriesSearch,
  component: lazyRouteComponent(() => import("./screens/recoveries/recoveries.js"), "Recoveries"),
});
const newRecoveryRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/recoveries/new",
  validateSearch: newRecoverySearch,
  component: lazyRouteComponent(() => import("./screens/recoveries/new-recovery.js"), "NewRecovery"),
});
const recoveryRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/recoveries/$id",
  component: lazyRouteComponent(() => import("./screens/recoveries/route.js"), "RecoveryRoute"),
});
const accountRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/account",
  component: lazyRouteComponent(() => import("./screens/account/account.js"), "Account"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    startRoute,
    deliveriesRoute,
    deliveryRoute,
    subscriptionsRoute,
    newSubscriptionRoute,
    subscriptionRoute,
    eventsRoute,
    eventRoute,
    catalogueRoute,
    importTypesRoute,
    newTypeRoute,
    editTypeRoute,
    eventTypeRoute,
    requestsRoute,
    recoveriesRoute,
    newRecoveryRoute,
    recoveryRoute,
    accountRoute,
  ]),
  basepath: "/portal",
  parseSearch,
  stringifySearch,
  trailingSlash: "never",
  defaultPreload: "intent",
  defaultErrorComponent: ({ error, reset }) => <ProblemNotice error={error} again={reset} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

export function NotFound() {
  return (
    <Page title={t("notFound.title")}>
      <p>{t("notFound.detail")}</p>
      <p>
        <Link to="/">{t("notFound.home")}</Link>
      </p>
    </Page>
  );
}
