/** A sender that keeps what endpoints show, as a process of the service does. */
import type { Catalogue } from "../../src/catalogue/catalogue.js";
import { createChainRecorder } from "../../src/endpoint/certificates/chain-recorder.js";
import { createPostChat } from "../../src/endpoint/chat/post-chat.js";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { createSender, type Sender } from "../../src/endpoint/send.js";
import type { Guard } from "../../src/endpoint/target/guard.js";
import type { MongoStore } from "../../src/store/index.js";

interface Parts {
  guard: Guard;
  store: MongoStore;
  catalogue: Catalogue;
}

export function createNotingSender({ guard, store, catalogue }: Parts): Sender {
  const recorder = createChainRecorder({
    store: store.endpointChains,
    // A new subscription is not in memory yet when its endpoint is verified.
    groupOf: async (id) => (catalogue.subscription(id) ?? (await store.subscriptions.get(id)))?.groupId,
    onTrouble: (error) => {
      throw error;
    },
  });
  return createSender({ guard, onChain: (chain) => recorder.note(chain) });
}

/** What the API sends by it. */
export const requestsBy = (sender: Sender, chatCa?: string) => ({
  sender,
  endpointRequest: createEndpointRequest({ sender, version: "0.0.0-test" }),
  postChat: createPostChat({ sender, version: "0.0.0-test", ...(chatCa !== undefined && { ca: chatCa }) }),
});
