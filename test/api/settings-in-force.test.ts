/** The settings in force over HTTP, as a process would have read them. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { settingsInForce } from "../../src/workers/config.js";
import { SETTINGS } from "../../src/workers/settings/settings.js";
import { type RunningApi, startApi } from "./running-api.js";

interface Shown {
  name: string;
  value?: string;
  isSet: boolean;
  isSecret: boolean;
}

const CANARY = "canary-4111";
let api: RunningApi;
beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    settings: {
      inForce: settingsInForce({
        SESSION_HOURS: "7",
        MONGODB_URL: `mongodb://user:${CANARY}@db/`,
        SEALPOST_MASTER_KEYS_FILE: `/run/${CANARY}`,
        TEMPORAL_UI_ADDRESS: `http://ui:${CANARY}@temporal-ui:8080`,
        LOG_LEVEL: "",
        SOMETHING_ELSE: CANARY,
      }),
    },
  });
});
afterAll(() => api?.close());

test("are those of the reference, with the value in force, and no secret", async () => {
  const auditor = await api.key({ role: "auditor" });
  const { status, text, body } = await api.call<{ data: Shown[] }>("GET", "/v1/settings", { key: auditor.token });
  expect(status).toBe(200);
  expect(body.data.map(({ name }) => name)).toEqual(Object.keys(SETTINGS));
  const shown = (name: keyof typeof SETTINGS) => body.data.find((each) => each.name === name);
  expect(shown("SESSION_HOURS")).toMatchObject({ value: "7", isSet: true, isSecret: false });
  expect(shown("LOG_LEVEL")).toMatchObject({ value: SETTINGS.LOG_LEVEL.default, isSet: false });
  expect(shown("TEMPORAL_UI_ADDRESS")?.value).toBe("http://…@temporal-ui:8080");
  for (const name of ["MONGODB_URL", "SEALPOST_MASTER_KEYS"] as const) {
    expect(shown(name)).toMatchObject({ isSet: true, isSecret: true });
    expect(shown(name)).not.toHaveProperty("value");
  }
  expect(shown("SEALPOST_ADMIN_KEY")).toMatchObject({ isSet: false, isSecret: true });
  expect(text).not.toContain(CANARY);
});

test("are for admins and auditors alone", async () => {
  for (const role of ["provider", "operator"])
    expect((await api.call("GET", "/v1/settings", { key: (await api.key({ role })).token })).status, role).toBe(403);
  expect((await api.call("GET", "/v1/settings", { key: "" })).status).toBe(401);
});
