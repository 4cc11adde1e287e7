/** A chat service with incoming webhooks: a real HTTPS server, whose answer a test chooses for each URL. */
import { createCertificateAuthority } from "./certificates.js";
import { type ReceivedRequest, type Receiver, type ReceiverResponse, startReceiver } from "./receiver.js";

export interface ChatService {
  ca: string;
  /** The URL of a webhook. */
  webhook: (name: string) => string;
  /** What it says to messages for this webhook. By default 200 and `ok`, as Slack does. */
  answer: (name: string, response: ReceiverResponse) => void;
  /** The messages for this webhook, parsed, in order of arrival. */
  messages: (name: string) => Record<string, unknown>[];
  requests: ReceivedRequest[];
  waitFor: Receiver["waitFor"];
  close(): Promise<void>;
}

const pathOf = (name: string): string => `/services/T000/B000/secret-of-${name}`;

export async function startChatService(): Promise<ChatService> {
  const authority = await createCertificateAuthority();
  const { cert, key } = await authority.issue();
  const answers = new Map<string, ReceiverResponse>();
  const receiver = await startReceiver({
    tls: { cert, key },
    respond: ({ path }) => answers.get(path) ?? { status: 200, body: "ok" },
  });
  const { origin } = new URL(receiver.url);
  return {
    ca: authority.ca,
    webhook: (name) => `${origin}${pathOf(name)}`,
    answer: (name, response) => void answers.set(pathOf(name), response),
    messages: (name) =>
      receiver.requests
        .filter(({ path }) => path === pathOf(name))
        .map(({ body }) => JSON.parse(body.toString("utf8")) as Record<string, unknown>),
    requests: receiver.requests,
    waitFor: (condition, timeoutMs) => receiver.waitFor(condition, timeoutMs),
    close: () => receiver.close(),
  };
}
