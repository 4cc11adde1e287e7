import { expect, it } from "vitest";
import { createAnnouncements } from "../../../src/store/mongo/announcements.js";

interface Write {
  name: string;
  id?: string;
}
const keys = { keyOf: ({ name, id }: Write) => `${name}/${id ?? ""}`, whole: ({ name }: Write): Write => ({ name }) };

/** A store that can be away. */
function teller() {
  const told: string[] = [];
  const state = { away: false, tries: 0 };
  const tell = async (write: Write) => {
    state.tries++;
    if (state.away) throw new Error("away");
    told.push(keys.keyOf(write));
  };
  return { told, state, tell };
}

it("rejects when the store is away, and announces when it is back", async () => {
  const { told, state, tell } = teller();
  const announcements = createAnnouncements(tell, keys);
  await announcements.announce({ name: "a", id: "1" });
  state.away = true;
  await expect(announcements.announce({ name: "a", id: "2" })).rejects.toThrow("away");
  announcements.soon({ name: "a", id: "3" });
  await expect.poll(() => state.tries, { timeout: 10_000 }).toBeGreaterThan(3);
  expect(told).toEqual(["a/1"]);
  state.away = false;
  await expect.poll(() => told, { timeout: 10_000 }).toEqual(["a/1", "a/2", "a/3"]);
  await announcements.close();
  expect(told).toHaveLength(3);
});

it("announces a doubtful write at once and again at its end, and one that nothing matched once", async () => {
  const { told, tell } = teller();
  const announcements = createAnnouncements(tell, { ...keys, settledMs: 1_500 });
  announcements.doubt({ name: "a", id: "lost" });
  announcements.soon({ name: "a", id: "unmatched" });
  await expect.poll(() => told, { timeout: 10_000 }).toEqual(["a/lost", "a/unmatched", "a/lost"]);
  await announcements.close();
  expect(told).toHaveLength(3);
});

it("keeps a bounded number, and announces whole collections beyond it", async () => {
  const { told, state, tell } = teller();
  const announcements = createAnnouncements(tell, keys);
  state.away = true;
  for (let i = 0; i < 2_000; i++) announcements.soon({ name: "a", id: String(i) });
  state.away = false;
  await announcements.close();
  expect(told).toHaveLength(501);
  expect(told).toContain("a/");
});
