/** Recoveries as they go on: by the stream of the API. Without it they are asked for every few seconds. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** A burst of changes asks once. */
const GATHERED_MS = 500;

/** Asks anew for what is shown of recoveries when one has changed. True while the stream is open. */
export function useLiveRecoveries(): boolean {
  const client = useQueryClient();
  const [streaming, setStreaming] = useState(false);
  useEffect(() => {
    let gathering: ReturnType<typeof setTimeout> | undefined;
    const soon = (): void =>
      void (gathering ??= setTimeout(() => {
        gathering = undefined;
        void client.invalidateQueries({ queryKey: ["recoveries"] });
      }, GATHERED_MS));
    const source = new EventSource("/v1/stream?events=recovery");
    source.addEventListener("recovery", soon);
    source.addEventListener("reset", soon);
    source.addEventListener("hello", () => setStreaming(true));
    source.addEventListener("error", () => setStreaming(false));
    return () => {
      source.close();
      clearTimeout(gathering);
    };
  }, [client]);
  return streaming;
}
