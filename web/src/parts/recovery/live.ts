/** Recoveries as they go on: by the stream of the API. Without it they are asked for every few seconds. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { followChanges } from "../../api/stream.js";

/** Asks anew for what is shown of recoveries when one has changed. True while the stream is open. */
export function useLiveRecoveries(): boolean {
  const client = useQueryClient();
  const [streaming, setStreaming] = useState(false);
  useEffect(
    () =>
      followChanges({
        about: ["recovery"],
        changed: () => client.invalidateQueries({ queryKey: ["recoveries"] }),
        streaming: setStreaming,
      }),
    [client],
  );
  return streaming;
}
