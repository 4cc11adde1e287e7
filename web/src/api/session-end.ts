/** Whether the session has ended. The page stays as it is, so that what was typed is not lost. */
import { useSyncExternalStore } from "react";

let ended = false;
const listeners = new Set<() => void>();

function set(value: boolean): void {
  if (ended === value) return;
  ended = value;
  for (const listener of listeners) listener();
}

export const noteSessionEnded = (): void => set(true);

export function useSessionEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ended,
  );
}

/** Where to log in, and come back to this address. A longer one than the log-in takes is left out. */
export function loginAddress({ pathname, search }: Pick<Location, "pathname" | "search">): string {
  const back = `${pathname}${search}`;
  return back.length > 512 ? "/saml/login?returnTo=%2Fportal" : `/saml/login?returnTo=${encodeURIComponent(back)}`;
}
