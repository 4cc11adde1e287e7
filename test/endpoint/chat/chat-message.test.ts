import { describe, expect, it } from "vitest";
import { chatBody, type ChatMessage } from "../../../src/endpoint/chat/chat-message.js";

const HOSTILE = "<!channel> <@U1> <https://evil.example|log in> & @channel @Here [log in](https://evil.example) *bold*";
const message = (entries = 1, value = HOSTILE): ChatMessage => ({
  title: "Sealpost: 2 notices",
  entries: Array.from({ length: entries }, (_, n) => ({
    title: `An endpoint refused deliveries ${n}`,
    facts: [{ name: "Reason", value }],
    link: { text: "Open", url: "https://hooks.example.com/portal/deliveries?status=parked&subscriptionId=sub_1" },
  })),
  more: (left) => `${left} more in the portal.`,
  footer: "You get this because",
});
const slack = (given: ChatMessage) => JSON.parse(chatBody("slack", given).toString()) as { text: string };
const teams = (given: ChatMessage) =>
  JSON.parse(chatBody("teams", given).toString()) as {
    type: string;
    attachments: { contentType: string; content: { type: string; version: string; body: Record<string, unknown>[] } }[];
  };

describe("for Slack", () => {
  it("is one text in which people are not mentioned and their links are none", () => {
    const body = slack(message());
    expect(body).toMatchObject({ unfurl_links: false, unfurl_media: false });
    const { text } = body;
    expect(text).toContain("&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|log in&gt; &amp;");
    // The only markup is of our own making.
    expect(text.match(/<[^>]*>/g)).toEqual([
      "<https://hooks.example.com/portal/deliveries?status=parked&amp;subscriptionId=sub_1|Open>",
    ]);
    expect(text).not.toMatch(/@channel|@here/i);
    expect(text).toContain("@\u200bchannel @\u200bHere");
    expect(text).toMatch(/^\*Sealpost: 2 notices\*\n/);
  });
});

describe("for Teams", () => {
  it("is an Adaptive Card whose texts know no Markdown", () => {
    const { type, attachments } = teams(message());
    expect(type).toBe("message");
    const [card] = attachments;
    expect(card).toMatchObject({
      contentType: "application/vnd.microsoft.card.adaptive",
      content: { type: "AdaptiveCard", version: "1.4" },
    });
    const blocks = card?.content.body ?? [];
    expect(new Set(blocks.map((block) => block["type"]))).toEqual(new Set(["RichTextBlock", "ActionSet"]));
    expect(JSON.stringify(blocks)).toContain(JSON.stringify({ type: "TextRun", text: HOSTILE }));
    expect(blocks.find((block) => block["type"] === "ActionSet")).toMatchObject({
      actions: [
        {
          type: "Action.OpenUrl",
          title: "Open",
          url: expect.stringMatching(/^https:\/\/hooks\.example\.com/) as string,
        },
      ],
    });
  });
});

describe("of many notices", () => {
  it.each(["slack", "teams"] as const)("stays within what %s takes, and counts the others", (format) => {
    expect(chatBody(format, message(14)).toString()).toContain("4 more in the portal.");
    const long = chatBody(format, message(14, "\u4e00".repeat(900)));
    expect(long.byteLength).toBeLessThanOrEqual(18_000);
    expect(long.toString()).toMatch(/(8|9|10) more in the portal\./);
  });
});
