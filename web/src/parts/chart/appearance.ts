/** How the page looks, for what is drawn on a canvas and so takes no colour from a style sheet by itself. */
import { useSyncExternalStore } from "react";

const QUERIES = ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"] as const;

const now = (): string => QUERIES.filter((query) => window.matchMedia(query).matches).join();

function listen(listener: () => void): () => void {
  const lists = QUERIES.map((query) => window.matchMedia(query));
  for (const list of lists) list.addEventListener("change", listener);
  return () => {
    for (const list of lists) list.removeEventListener("change", listener);
  };
}

/** A text that changes when the colours of the page do. */
export const useAppearance = (): string => useSyncExternalStore(listen, now);
