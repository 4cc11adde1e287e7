import { expect, test } from "vitest";
import { subscriptionName } from "../../src/store/subscription-name.js";

test.each([
  ["the name that was given", { name: "Ledger prod", url: "https://hooks.example.com/a" }, "Ledger prod"],
  ["the host when there is none", { url: "https://hooks.example.com/in?token=secret" }, "hooks.example.com"],
  ["the host with its port", { url: "https://hooks.example.com:8443/in" }, "hooks.example.com:8443"],
  ["a host in foreign letters as it is called", { url: "https://bücher.example/in" }, "xn--bcher-kva.example"],
])("a subscription is called by %s", (_what, subscription, name) => {
  expect(subscriptionName(subscription)).toBe(name);
});
