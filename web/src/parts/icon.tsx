/** Small drawings of our own. Each stands beside a word, so a screen reader is told nothing of them. */
const PATHS = {
  overview: "M3 3h5v6H3zM10 3h5v3h-5zM10 8h5v7h-5zM3 11h5v4H3z",
  deliveries: "M3 6h12v9H3zM3 7l6 5 6-5",
  events: "M9 2l2 5h5l-4 3.5L13.5 16 9 12.7 4.5 16 6 10.5 2 7h5z",
  subscriptions: "M6 2v4M12 2v4M4 6h10v3a5 5 0 0 1-10 0zM9 14v3",
  catalogue: "M3 3h5a2 2 0 0 1 1 1 2 2 0 0 1 1-1h5v11h-5a1.500 1.500 0 0 0-1 1 1.500 1.500 0 0 0-1-1H3zM9 4v11",
  requests: "M3 10l2-7h8l2 7v5H3zM3 10h3.500l1 2h3l1-2H15",
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
  draft: "M3 15l.8-3.500L12 3.300l2.700 2.700-8.200 8.200zM10.500 4.800l2.700 2.700",
  key: "M11.500 10a3.500 3.500 0 1 0-3.300-2.300L3 13v2h2.500v-2h2v-2h1.200l.8-1.200c.6.2 1.300.2 2 .2zM12 6.500v.1",
  lock: "M4 8h10v7H4zM6 8V6a3 3 0 0 1 6 0v2M9 11v1.500",
  shield: "M9 2l6 2v5c0 3.500-2.500 6-6 7-3.500-1-6-3.500-6-7V4zM6.500 9l2 2 3.500-4",
  healthy: "M9 16A7 7 0 1 0 9 2a7 7 0 0 0 0 14zM6 9.500l2 2 4-4.500",
  degraded: "M9 16A7 7 0 1 0 9 2a7 7 0 0 0 0 14zM5.500 9h7",
  failing: "M9 16A7 7 0 1 0 9 2a7 7 0 0 0 0 14zM6.500 6.500l5 5M11.500 6.500l-5 5",
  calendar: "M3 4h12v11H3zM3 7.500h12M6 2.500v3M12 2.500v3",
  back: "M11 4L6 9l5 5",
  forward: "M7 4l5 5-5 5",
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
