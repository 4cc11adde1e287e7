/** Attempts whose database can be taken away. */
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { inject } from "vitest";
import { type Proxy, startProxy } from "../../../bench/chaos/proxy.js";
import { type RunningAttempt, startRunningAttempt } from "../running-attempt.js";

export interface BehindProxy {
  running: RunningAttempt;
  proxy: Proxy;
  close(): Promise<void>;
}

/** The proxy stands between the store and the shared engine. */
export async function startBehindProxy(): Promise<BehindProxy> {
  const environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
  const proxy = await startProxy(() => new URL(inject("mongodbUrl")).host);
  const mongodbUrl = `mongodb://${proxy.address}/?directConnection=true`;
  const running = await startRunningAttempt({ mongodbUrl, client: environment.client });
  return {
    running,
    proxy,
    async close() {
      await running.close();
      proxy.close();
      await environment.teardown();
    },
  };
}
