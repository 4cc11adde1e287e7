/** Listeners of `GET /v1/stream`, as a process of their own. They read all that they are told. */
import http from "node:http";
import { serve } from "../child.js";

const open = new Set<http.ClientRequest>();
let bytes = 0;

const listenerMethods = {
  /** Opens so many streams with each of these keys. Resolves when all have answered. */
  open: async ({ url, keys, each }: { url: string; keys: string[]; each: number }): Promise<void> => {
    for (const key of keys) await Promise.all(Array.from({ length: each }, () => listen(url, key)));
  },
  /** Bytes that all of them have read so far. */
  read: (): number => bytes,
  close: (): void => {
    for (const request of open) request.destroy();
    open.clear();
  },
};
export type ListenerMethods = typeof listenerMethods;

function listen(url: string, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/v1/stream`, { headers: { authorization: `Bearer ${key}` }, agent: false });
    open.add(request);
    request.on("error", reject);
    request.on("response", (response) => {
      response.on("data", (chunk: Buffer) => (bytes += chunk.length));
      response.on("error", () => undefined);
      if (response.statusCode === 200) resolve();
      else reject(new Error(`A stream was refused with ${response.statusCode}.`));
    });
  });
}

serve(listenerMethods);
