import { expect, test } from "vitest";
import { NO_FILES, tlsChange } from "../../../../../web/src/screens/subscription/security/tls-files.js";

test("nothing given is no change", () => {
  expect(tlsChange(undefined, NO_FILES)).toBeUndefined();
  expect(tlsChange({ hasClientKey: true, ca: "ca" }, { ...NO_FILES, ca: " \n" })).toBeUndefined();
});

test("what is saved and can be shown goes along", () => {
  const saved = { hasClientKey: true, clientCert: "old", ca: "root", minVersion: "TLSv1.2" as const };
  expect(tlsChange(saved, { clientCert: "new", clientKey: "key", ca: "" })).toEqual({
    minVersion: "TLSv1.2",
    ca: "root",
    clientCert: "new",
    clientKey: "key",
  });
  // A saved key is never shown, so the page does not have it. The API keeps it with its certificate.
  expect(tlsChange(saved, { ...NO_FILES, ca: "other" })).toEqual({
    minVersion: "TLSv1.2",
    ca: "other",
    clientCert: "old",
  });
});

test("certificate and key may stand in one file", () => {
  expect(tlsChange(undefined, { ...NO_FILES, clientCert: "both" })).toEqual({ clientCert: "both" });
});
