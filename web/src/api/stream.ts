/** What is told by the API's stream: that something of a kind has changed. */

/** A burst of changes asks once. */
const GATHERED_MS = 500;

/**
 * Calls `changed` soon after something of this kind has changed that the person sees. `streaming` is told whether the
 * stream is open. Gives how to stop.
 */
export function followChanges(
  about: "recovery" | "subscription",
  changed: () => void,
  streaming: (isOpen: boolean) => void = () => undefined,
): () => void {
  let gathering: ReturnType<typeof setTimeout> | undefined;
  const soon = (): void =>
    void (gathering ??= setTimeout(() => {
      gathering = undefined;
      changed();
    }, GATHERED_MS));
  const source = new EventSource(`/v1/stream?events=${about}`);
  source.addEventListener(about, soon);
  source.addEventListener("reset", soon);
  source.addEventListener("hello", () => streaming(true));
  source.addEventListener("error", () => streaming(false));
  return () => {
    source.close();
    clearTimeout(gathering);
  };
}
