/** What asks before the page is replaced without a navigation, as by another role. Before others the router asks. */

type Ask = (goOn: () => void) => void;
let asking: Ask | undefined;

/** From here on `ask` is asked first. Gives what ends that. */
export function askBeforeLeaving(ask: Ask): () => void {
  asking = ask;
  return () => {
    if (asking === ask) asking = undefined;
  };
}

/** Does what replaces the page: at once, or after the person has agreed. */
export function leavePage(goOn: () => void): void {
  if (asking) asking(goOn);
  else goOn();
}
