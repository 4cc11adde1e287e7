/** The way from the worker to the publisher of the same process, which is made after it. */
import type { Publisher } from "../../api/dependencies.js";
import type { PublishNotice } from "../../activities/notices/tell-notices.js";

export interface LatePublisher {
  /** Waits until there is a publisher. */
  publish: PublishNotice;
  bind(publish: Publisher["publish"]): void;
}

export function createLatePublisher(): LatePublisher {
  let bind: LatePublisher["bind"] = () => undefined;
  const bound = new Promise<Publisher["publish"]>((resolve) => (bind = resolve));
  return { publish: async (events) => (await bound)(events), bind: (publish) => bind(publish) };
}
