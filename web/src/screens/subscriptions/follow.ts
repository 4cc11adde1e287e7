/** Subscriptions as they change: by the stream of the API. */

/** A burst of changes asks once. */
const GATHERED_MS = 500;

/** Calls `changed` soon after a subscription that the person sees has changed. Gives how to stop. */
export function followSubscriptions(changed: () => void): () => void {
  let gathering: ReturnType<typeof setTimeout> | undefined;
  const soon = (): void =>
    void (gathering ??= setTimeout(() => {
      gathering = undefined;
      changed();
    }, GATHERED_MS));
  const source = new EventSource("/v1/stream?events=subscription");
  for (const event of ["subscription", "reset"]) source.addEventListener(event, soon);
  return () => {
    source.close();
    clearTimeout(gathering);
  };
}
