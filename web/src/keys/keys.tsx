/**
 * Keys of one letter. People who speak to their computer press them by accident. So they act only outside of fields and
 * dialogs, and can be switched off (WCAG 2.2, 2.1.4).
 */
import { useEffect, useEffectEvent, useSyncExternalStore } from "react";

const STORED = "sealpost.keys";
const listeners = new Set<() => void>();

export const areKeysOn = (): boolean => localStorage.getItem(STORED) !== "off";

export function switchKeys(on: boolean): void {
  localStorage.setItem(STORED, on ? "on" : "off");
  for (const listener of listeners) listener();
}

export const useKeysOn = (): boolean =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, areKeysOn);

const FIELDS = "input, select, textarea, [contenteditable], [role='combobox'], [role='listbox'], [role='menu']";

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && target.type === "checkbox") return false;
  return target.closest(FIELDS) !== null;
}

const isDialogOpen = (): boolean => document.querySelector("[role='dialog'], [role='alertdialog']") !== null;

/** What each key does while the calling part is shown. A key that it does not name is left to others. */
export function useKeys(acts: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    const act = acts[event.key];
    if (act === undefined || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!areKeysOn() || isTyping(event.target) || isDialogOpen()) return;
    act(event);
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => press(event);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, []);
}
