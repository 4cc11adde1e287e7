import { expect, test } from "vitest";
import { chatUrlFault } from "../../../../../web/src/screens/subscription/settings/chat-form.js";

test.each([
  ["slack", "", undefined],
  ["slack", " https://hooks.slack.com/services/T/B/x ", undefined],
  ["slack", "https://chat.example.com/hooks/x", undefined],
  ["teams", "https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=y", undefined],
  ["slack", "hooks.slack.com", "url"],
  ["slack", "http://hooks.slack.com/services/T/B/x", "https"],
  ["slack", "https://prod-1.westeurope.logic.azure.com/workflows/x", "looksLikeTeams"],
  ["slack", "https://x.api.powerplatform.com/workflows/x", "looksLikeTeams"],
  ["teams", "https://hooks.slack.com/services/T/B/x", "looksLikeSlack"],
] as const)("%s with %s: %s", (format, url, fault) => {
  expect(chatUrlFault(format, url)).toBe(fault);
});
