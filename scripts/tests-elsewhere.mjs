// Files of src/ that have no test by their own path, with the tests that drive them. scripts/mirror.mjs checks the
// list: each test exists and reaches each file through its imports, and no file is listed that has its own test.
//
// A source ends with `/` for a folder without its sub-folders. `through` says how the tests drive it. With `parts` no
// test drives the file itself, which is a few lines around these parts. The tests reach the parts.

/** The test starts it as a process of its own, so its imports do not lead there. */
const AS_A_PROCESS = "the test starts it as a process";

export const TESTS_ELSEWHERE = [
  // What the whole service shares
  {
    sources: ["src/metrics.ts"],
    tests: ["test/deploy/monitoring.test.ts", "test/workers/refusals.test.ts"],
    through: "the alerts and dashboards that name its metrics, and counted refusals",
  },

  // activities
  {
    sources: ["src/activities/index.ts"],
    tests: ["test/activities/dispatch.test.ts", "test/activities/recover.test.ts"],
    through: "a real worker that runs all activities",
  },
  {
    sources: ["src/activities/first-attempts.ts"],
    tests: ["test/activities/deliver-routes.test.ts", "test/activities/filter-routes.test.ts"],
    through: "deliver-routes.ts, which it is a part of",
  },
  {
    sources: ["src/activities/record-routing.ts"],
    tests: ["test/activities/filter-routes.test.ts", "test/activities/dispatch.test.ts"],
    through: "the records of a real dispatch",
  },
  {
    sources: ["src/activities/recovery-step.ts"],
    tests: ["test/activities/recover.test.ts", "test/activities/recover-pace.test.ts"],
    through: "recover.ts, which it is a part of",
  },
  {
    sources: ["src/activities/retry-status.ts"],
    tests: ["test/activities/retry-attempts.test.ts", "test/activities/retry-run.test.ts"],
    through: "retry-attempts.ts, which it is a part of",
  },

  // api
  {
    sources: ["src/api/index.ts", "src/api/route.ts", "src/api/router.ts"],
    tests: [
      "test/api/http/http-server.test.ts",
      "test/api/http/forged-requests.test.ts",
      "test/api/openapi-statuses.test.ts",
    ],
    through: "requests to the real API",
  },
  { sources: ["src/api/openapi-webhooks.ts"], tests: ["test/api/openapi.test.ts"], through: "the document" },
  {
    sources: ["src/api/thread-file.ts"],
    tests: ["test/api/saml/response/response-checks.test.ts", "test/api/catalogue/import/document-reads.test.ts"],
    through: "the two threads that it starts",
  },
  {
    sources: ["src/api/access/gate.ts", "src/api/access/admission.ts", "src/api/access/guess-delay.ts"],
    tests: ["test/api/access/authenticate.test.ts", "test/api/access/limits-first.test.ts"],
    through: "requests with right, wrong and missing keys",
  },
  {
    sources: ["src/api/access/act-guards.ts"],
    tests: ["test/api/access/act-intents.test.ts"],
    through: "acts that change nothing",
  },
  {
    sources: ["src/api/access/schemas.ts"],
    tests: ["test/api/access/api-keys.test.ts", "test/api/access/audit.test.ts"],
    through: "the routes that take and give them",
  },
  {
    sources: ["src/api/catalogue/"],
    tests: [
      "test/api/catalogue/event-types.test.ts",
      "test/api/catalogue/event-types-publishing.test.ts",
      "test/api/catalogue/grant-requests.test.ts",
      "test/api/catalogue/import-routes.test.ts",
      "test/api/access/access-tenants.test.ts",
      "test/api/subscriptions/life-filters.test.ts",
    ],
    through: "the routes of the catalogue, whose parts they are",
  },
  {
    sources: ["src/api/catalogue/import/"],
    tests: [
      "test/api/catalogue/import-routes.test.ts",
      "test/api/catalogue/import-routes-refusals.test.ts",
      "test/api/catalogue/import/import-published.test.ts",
      "test/api/catalogue/import/import-published-asyncapi.test.ts",
    ],
    through: "whole documents, published ones and hostile ones",
  },
  {
    sources: ["src/api/deliveries/"],
    tests: [
      "test/api/deliveries/deliveries.test.ts",
      "test/api/deliveries/event-routing.test.ts",
      "test/api/deliveries/operations.test.ts",
      "test/api/deliveries/recoveries.test.ts",
    ],
    through: "the routes and operations, whose parts they are",
  },
  {
    sources: ["src/api/http/"],
    tests: [
      "test/api/http/http-server.test.ts",
      "test/api/http/forged-requests.test.ts",
      "test/api/openapi.test.ts",
      "test/api/openapi-statuses.test.ts",
    ],
    through: "requests to the real server, down to the bytes on the wire",
  },
  {
    sources: ["src/api/http/problems-table.ts"],
    tests: ["test/docs/reference.test.ts"],
    through: "the page that it makes",
  },
  {
    sources: ["src/api/login/"],
    tests: [
      "test/api/login/login.test.ts",
      "test/api/login/arrival.test.ts",
      "test/api/login/sessions.test.ts",
      "test/api/login/refused-login.test.ts",
    ],
    through: "log-ins of a browser at a real identity provider",
  },
  {
    sources: ["src/api/pages/"],
    tests: ["test/api/pages/routes.test.ts", "test/api/login/login.test.ts", "test/api/login/post-login.test.ts"],
    through: "the pages as a browser gets them",
  },
  {
    sources: ["src/api/publish/"],
    tests: [
      "test/api/publish/routes.test.ts",
      "test/api/publish/cloud-events.test.ts",
      "test/api/publish/event-ids.test.ts",
      "test/api/publish/publisher.test.ts",
    ],
    through: "events published to the real API",
  },
  {
    sources: ["src/api/saml/"],
    tests: [
      "test/api/saml/service-provider.test.ts",
      "test/api/saml/library.test.ts",
      "test/api/saml/connections/logout-routes.test.ts",
      "test/api/saml/connections/metadata-routes.test.ts",
    ],
    through: "log-ins, log-outs and metadata, whose parts they are",
  },
  {
    sources: ["src/api/saml/connections/"],
    tests: [
      "test/api/saml/connections/connections.test.ts",
      "test/api/saml/connections/connections-certificates.test.ts",
    ],
    through: "the routes of connections",
  },
  {
    sources: ["src/api/saml/metadata/"],
    tests: [
      "test/api/saml/metadata/idp-metadata.test.ts",
      "test/api/saml/metadata/federation-metadata.test.ts",
      "test/api/saml/metadata/federation-metadata-validity.test.ts",
      "test/api/saml/connections/connections.test.ts",
    ],
    through: "whole documents, published ones and hostile ones",
  },
  {
    sources: ["src/api/saml/response/"],
    tests: [
      "test/api/saml/response/attacks.test.ts",
      "test/api/saml/response/profile.test.ts",
      "test/api/saml/response/encrypted-attacks.test.ts",
      "test/api/saml/response/wrapping.test.ts",
    ],
    through: "whole responses, genuine ones and forged ones",
  },
  {
    sources: ["src/api/subscriptions/"],
    tests: [
      "test/api/subscriptions/subscriptions.test.ts",
      "test/api/subscriptions/subscriptions-secrets.test.ts",
      "test/api/subscriptions/life.test.ts",
      "test/api/subscriptions/keys-and-certificates.test.ts",
    ],
    through: "the routes of subscriptions, whose parts they are",
  },
  {
    sources: ["src/api/temporal-ui/"],
    tests: ["test/api/temporal-ui/temporal-ui.test.ts", "test/api/temporal-ui/streams.test.ts"],
    through: "a browser before the proxy",
  },

  // catalogue
  {
    sources: ["src/catalogue/cel.ts", "src/catalogue/filter-pattern.ts", "src/catalogue/filter-program.ts"],
    tests: [
      "test/catalogue/filter.test.ts",
      "test/catalogue/filter-fields.test.ts",
      "test/catalogue/filter-numbers.test.ts",
    ],
    through: "filter.ts, whose parts they are",
  },
  {
    sources: ["src/catalogue/filter-payload.ts"],
    tests: ["test/catalogue/filter.test.ts", "test/catalogue/filter-numbers.test.ts"],
    through: "filters over real payloads",
  },
  {
    sources: ["src/catalogue/event-record.ts"],
    tests: ["test/activities/own-events.test.ts", "test/api/publish/publisher.test.ts"],
    through: "the records of events that it makes",
  },
  {
    sources: ["src/catalogue/recovery-filter.ts"],
    tests: ["test/activities/recover.test.ts"],
    through: "the recoveries that it selects for",
  },
  {
    sources: ["src/catalogue/schema-weight.ts"],
    tests: ["test/catalogue/json-schema.test.ts"],
    through: "schemas that are too heavy",
  },

  // endpoint
  {
    sources: ["src/endpoint/informational.ts"],
    tests: ["test/endpoint/connector.test.ts", "test/endpoint/send-hostile.test.ts"],
    through: "servers that send 1xx answers",
  },
  {
    sources: ["src/endpoint/exchange.ts", "src/endpoint/exchange-handler.ts"],
    tests: ["test/endpoint/send.test.ts", "test/endpoint/send-hostile.test.ts", "test/endpoint/send-waiting.test.ts"],
    through: "exchanges with real servers",
  },
  {
    sources: ["src/endpoint/oauth-token-answer.ts"],
    tests: ["test/endpoint/oauth-tokens.test.ts", "test/endpoint/oauth-tokens-trouble.test.ts"],
    through: "answers of a token server",
  },
  {
    sources: ["src/endpoint/outcomes.ts"],
    tests: ["test/endpoint/classify.test.ts", "test/activities/attempt.test.ts"],
    through: "the outcome of each answer",
  },
  {
    sources: ["src/endpoint/verify.ts"],
    tests: ["test/api/subscriptions/life-verification.test.ts"],
    through: "verifications of real endpoints",
  },
  {
    sources: ["src/endpoint/certificates/"],
    tests: [
      "test/endpoint/certificates/client-certificate.test.ts",
      "test/endpoint/certificates/pem.test.ts",
      "test/api/subscriptions/keys-and-certificates.test.ts",
    ],
    through: "certificates, good ones and damaged ones",
  },
  {
    sources: ["src/endpoint/secrets/"],
    tests: ["test/endpoint/secrets/secret-mask.test.ts", "test/endpoint/secrets/sent-secrets.test.ts"],
    through: "texts that hold secrets",
  },
  {
    sources: ["src/endpoint/signing/signature-headers.ts"],
    tests: ["test/endpoint/request.test.ts", "test/endpoint/request-headers.test.ts"],
    through: "signed requests, checked by a verifier of another author",
  },

  // store
  {
    sources: ["src/store/"],
    tests: [
      "test/store/mongo/catalogue-collection.test.ts",
      "test/store/subscription-life.test.ts",
      "test/store/sealing/keyring.test.ts",
    ],
    through: "what stores give back, and the errors that they throw",
  },
  {
    sources: ["src/store/audit/"],
    tests: ["test/store/audit/audit.test.ts", "test/workers/commands/verify-audit.test.ts"],
    through: "the audit that they are parts of, with entries that were changed by hand",
  },
  {
    sources: ["src/store/collections/"],
    tests: [
      "test/store/collections/erasures.test.ts",
      "test/store/mongo/mongo-store.test.ts",
      "test/api/login/sessions.test.ts",
      "test/api/catalogue/grant-requests.test.ts",
      "test/api/deliveries/event-routing.test.ts",
      "test/api/deliveries/recoveries.test.ts",
    ],
    through: "a real database, by the store and by the routes",
  },
  {
    sources: ["src/store/deliveries/"],
    tests: ["test/store/deliveries/deliveries.test.ts", "test/store/deliveries/delivery-queries.test.ts"],
    through: "a real database",
  },
  {
    sources: ["src/store/grants/"],
    tests: [
      "test/store/grants/grants.test.ts",
      "test/store/grants/grants-ledger.test.ts",
      "test/store/grants/signing.test.ts",
    ],
    through: "rows that were changed, removed and put back by hand",
  },
  {
    sources: ["src/store/mongo/"],
    tests: [
      "test/store/mongo/mongo-store.test.ts",
      "test/store/mongo/clock-reads.test.ts",
      "test/store/mongo/fail-points.test.ts",
      "test/store/deliveries/delivery-queries.test.ts",
    ],
    through: "a real database, and one that fails at chosen points",
  },
  {
    sources: ["src/store/sealing/"],
    tests: ["test/store/sealing/keyring.test.ts", "test/store/sealing/rotation.test.ts"],
    through: "keys in a real database",
  },

  // workers
  {
    sources: ["src/workers/main.ts", "src/workers/service.ts", "src/workers/preflight.ts"],
    tests: ["test/workers/start.test.ts", "test/workers/npm-start.test.ts"],
    through: AS_A_PROCESS,
  },
  {
    sources: ["src/workers/serving.ts", "src/workers/worker.ts", "src/workers/core.ts"],
    tests: ["test/workers/start.test.ts", "test/e2e/delivery.test.ts"],
    through: AS_A_PROCESS,
  },
  { sources: ["src/workers/process/drain.ts"], tests: ["test/workers/rolling-restart.test.ts"], through: AS_A_PROCESS },
  {
    sources: ["src/workers/process/publish-refusals.ts"],
    tests: ["test/workers/disk-full.test.ts"],
    through: AS_A_PROCESS,
  },
  {
    sources: ["src/workers/announce.ts", "src/workers/listening.ts", "src/workers/temporal-tls.ts"],
    tests: ["test/workers/start.test.ts"],
    through: AS_A_PROCESS,
  },
  {
    sources: ["src/workers/process/drain.ts"],
    tests: ["test/workers/rolling-restart.test.ts"],
    through: AS_A_PROCESS,
  },
  {
    sources: ["src/workers/settings.ts", "src/workers/environment-admin-key.ts"],
    tests: ["test/workers/config.test.ts"],
    through: "the settings that a start takes and refuses",
  },
  {
    sources: ["src/workers/bundle.ts"],
    tests: ["test/workflows/replay.test.ts", "test/workflows/proof.test.ts"],
    through: "the workflow code that it bundles",
  },
  {
    sources: ["src/workers/temporal.ts"],
    tests: ["test/workers/readiness.test.ts"],
    through: "a real Temporal, and one that is gone",
  },
  {
    sources: ["src/workers/commands/"],
    tests: [
      "test/workers/commands/sign-grants.test.ts",
      "test/workers/commands/rotate-keys.test.ts",
      "test/docs/reference.test.ts",
    ],
    through: "the commands that share them",
  },
  {
    sources: ["src/workers/commands/make-indexes.ts"],
    parts: ["src/store/mongo/index-build.ts"],
    tests: ["test/store/mongo/fail-points.test.ts"],
    through: "the building of indexes, which is all that the command does",
  },
  {
    sources: ["src/workers/commands/make-admin-key.ts"],
    parts: ["src/workers/environment-admin-key.ts"],
    tests: ["test/workers/config.test.ts"],
    through: "the form of the key, which the command prints",
  },
  {
    sources: ["src/workers/commands/ship/"],
    tests: ["test/workers/commands/ship-audit.test.ts", "test/workers/commands/ship-audit-collector.test.ts"],
    through: "the command, whose parts they are",
  },
  {
    sources: ["src/workers/engines/"],
    tests: [
      "test/workers/engines/engines.test.ts",
      "test/workers/engines/refusals.test.ts",
      "test/workers/engines/killed-owner.test.ts",
    ],
    through: "real engines that start, die and come back",
  },
  { sources: ["src/workers/reference/"], tests: ["test/docs/reference.test.ts"], through: "the pages that it makes" },
  {
    sources: ["src/workers/trial/"],
    tests: ["test/workers/trial/trial-idp.test.ts", "test/workers/start.test.ts"],
    through: AS_A_PROCESS,
  },
  {
    sources: ["src/workers/watch/act-keeper.ts"],
    tests: ["test/api/access/act-intents.test.ts", "test/api/access/act-intents-missing.test.ts"],
    through: "acts without an outcome",
  },
  {
    sources: ["src/workers/watch/grants-watch.ts"],
    tests: ["test/api/access/grants.test.ts"],
    through: "rows that were changed by hand while the service runs",
  },

  // workflows
  {
    sources: ["src/workflows/contract.ts", "src/workflows/durations.ts", "src/workflows/payload-converter.ts"],
    tests: ["test/workflows/deliver-event.test.ts", "test/workflows/replay.test.ts"],
    through: "workflows in a real engine, and recorded histories",
  },
  { sources: ["src/workflows/failure-converter.ts"], tests: ["test/e2e/delivery.test.ts"], through: AS_A_PROCESS },
  {
    sources: ["src/workflows/proof-of.ts"],
    tests: ["test/workflows/proof.test.ts", "test/store/sealing/payload-codec.test.ts"],
    through: "workflows with and without a proof",
  },
  {
    sources: [
      "src/workflows/recovery-contract.ts",
      "src/workflows/recovery-lane.ts",
      "src/workflows/recovery-unpaced.ts",
    ],
    tests: ["test/workflows/recovery.test.ts"],
    through: "recovery.ts, whose parts they are",
  },
  {
    sources: ["src/workflows/token-bucket.ts", "src/workflows/token-bucket-contract.ts"],
    tests: ["test/activities/pace/throttle.test.ts", "test/workflows/run-age.test.ts"],
    through: "deliveries of a throttled subscription",
  },
  {
    sources: ["src/workflows/retry/signal-arguments.ts"],
    tests: ["test/workflows/retry-delivery.test.ts"],
    through: "signals as people write them",
  },
];

/** Whether the tests of an entry start their sources as a process, so that no import leads there. */
export const isProcess = ({ through }) => through === AS_A_PROCESS;
