/** Small drawings of our own. Each stands beside a word, so a screen reader is told nothing of them. */
const PATHS = {
  deliveries: "M3 6h12v9H3zM3 7l6 5 6-5",
  events: "M9 2l2 5h5l-4 3.5L13.5 16 9 12.7 4.5 16 6 10.5 2 7h5z",
  account: "M9 9a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 16c.7-3.3 3.3-5 6.5-5s5.8 1.7 6.5 5",
  search: "M8 13A5 5 0 1 0 8 3a5 5 0 0 0 0 10zM11.7 11.7L16 16",
  help: "M9 16.5A7.5 7.5 0 1 0 9 1.5a7.5 7.5 0 0 0 0 15zM6.8 7a2.200 2.200 0 1 1 3.200 2c-.7.3-1 .8-1 1.5M9 13v.1",
  good: "M3 9.5l4 4 8-9",
  clock: "M9 16A7 7 0 1 0 9 2a7 7 0 0 0 0 14zM9 5v4.5l3 1.5",
  again: "M15 9a6 6 0 1 1-1.8-4.3L15 6.5V2.5M15 6.5h-4",
  slow: "M2 13a7 7 0 1 1 14 0M9 13l3.5-4.5",
  hold: "M6 4v10M12 4v10",
  stop: "M6 2h6l4 4v6l-4 4H6l-4-4V6zM9 5.5v4M9 12v.1",
  spent: "M9 2l7.5 13.5h-15zM9 7v4M9 13v.1",
  off: "M4 4l10 10M14 4L4 14",
  close: "M4 4l10 10M14 4L4 14",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      width="18"
      height="18"
      viewBox="0 0 18 18"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
