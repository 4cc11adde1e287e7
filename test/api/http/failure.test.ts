/** What somebody is told whose list the embedded engine did not finish. */
import { expect, inject, test } from "vitest";
import { StoreError } from "../../../src/store/store-error.js";
import { startApi } from "../running-api.js";

test("a list that took too long on the embedded engine answers 503 and names the setting", async () => {
  const api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    between: (store) => ({
      ...store,
      deliveries: {
        ...store.deliveries,
        list: () => Promise.reject(new StoreError("scan_too_long", "It took too long.")),
      },
    }),
  });
  const answer = await api.call("GET", "/v1/deliveries");
  expect(answer).toMatchObject({
    status: 503,
    body: { code: "unavailable", detail: expect.stringMatching(/MONGODB_URL/) as string },
  });
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  await api.close();
});
