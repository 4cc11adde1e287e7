/** What a fault of a chat channel means, in words for the person who gave its URL. */
import type { ChatFault } from "../../store/notices/chat.js";
import { OUTCOMES } from "../outcomes.js";

/** Says what happened and what to do. Nothing of the URL is in it. */
export function explainChatFault({ kind, status, code }: Pick<ChatFault, "kind" | "status" | "code">): string {
  const said = [...(status === undefined ? [] : [`HTTP ${status}`]), ...(code === undefined ? [] : [code])].join(", ");
  const because = said === "" ? "" : ` (${said})`;
  switch (kind) {
    case "gone":
      return (
        `The channel or its webhook does not exist any more${because}. ` +
        "Nothing more is sent there. Make a new webhook and save its URL."
      );
    case "refused":
      return (
        `The service refused the message${because}.${reasonOf(code)} ` +
        "This message is not sent again. Check the format and the webhook, then send a test."
      );
    case "given_up":
      return (
        `The service did not take the message for about a day${because}.${reasonOf(code)} ` +
        "This message is not sent again. Check the webhook, then send a test."
      );
    case "waiting":
      return `The service does not take messages now${because}.${reasonOf(code)} Sealpost tries again later.`;
  }
}

/** What the code of an outcome says of itself. A word of the service's own says nothing here. */
function reasonOf(code: string | undefined): string {
  const row = Object.entries(OUTCOMES).find(([name]) => name === code)?.[1];
  return row ? ` ${row.explanation}` : "";
}
