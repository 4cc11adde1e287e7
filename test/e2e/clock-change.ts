/** Deliveries of a night in which the clocks of St. John's went back, at 02:00 of UTC-2:30 on a Sunday of November. */
import { MongoClient } from "mongodb";
import type { Page } from "playwright-core";
import type { Service } from "../support/service.js";

const DAY_MS = 86_400_000;
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

export interface ChangeDay {
  /** The day that has 25 hours there, the one before and the one after, each as YYYY-MM-DD. */
  previous: string;
  day: string;
  next: string;
}

/** The last such day that is over. */
export function lastChangeDay(now: Date): ChangeDay {
  const firstSunday = (year: number): number => {
    const first = Date.UTC(year, 10, 1);
    return first + ((7 - new Date(first).getUTCDay()) % 7) * DAY_MS;
  };
  const year = now.getUTCFullYear();
  const start = firstSunday(year) + 2 * DAY_MS < now.getTime() ? firstSunday(year) : firstSunday(year - 1);
  return { previous: dayOf(start - DAY_MS), day: dayOf(start), next: dayOf(start + DAY_MS) };
}

/** Gives five deliveries of the service times of that night, in its own database. */
export async function moveToChange(
  service: Service,
  database: string,
  { previous, day, next }: ChangeDay,
): Promise<void> {
  const times = [
    // Half past one in the morning, twice, and the last second of the day.
    `${day}T04:00:00Z`,
    `${day}T05:00:00Z`,
    `${next}T03:29:59Z`,
    // The next day there, and a day before in both zones.
    `${next}T03:30:00Z`,
    `${previous}T18:29:59Z`,
  ];
  const client = await new MongoClient(service.mongodbUrl).connect();
  try {
    const deliveries = client.db(database).collection<{ _id: string; createdAt: Date }>("deliveries");
    const some = await deliveries.find({ eventType: "payments.invoice.paid" }).limit(times.length).toArray();
    for (const [index, time] of times.entries())
      await deliveries.updateOne({ _id: some[index]?._id ?? "" }, { $set: { createdAt: new Date(time) } });
  } finally {
    await client.close();
  }
}

/** Types midnight of both days, each as YYYY-MM-DD, into the window that is open. Its parts are filled one by one. */
export async function typeWindow(page: Page, from: string, to: string): Promise<void> {
  await page.getByLabel("Without an end").uncheck();
  for (const [end, date] of [
    ["Start", from],
    ["End", to],
  ] as const) {
    await page.getByRole("spinbutton", { name: new RegExp(`^day, ${end}`) }).focus();
    await page.keyboard.type(`${date.split("-").reverse().join("")}000000`);
  }
}
