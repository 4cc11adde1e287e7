/** How many calls to the store are under way: each holds a connection from the moment it is sent. */
import type { MongoClient } from "mongodb";

/** Tells `onChange` how many connections of these clients are in use, whenever that changes. */
export function countCalls(clients: readonly MongoClient[], onChange: (underWay: number) => void): void {
  let underWay = 0;
  const count = (change: 1 | -1) => (): void => {
    underWay += change;
    onChange(underWay);
  };
  for (const client of clients) {
    client.on("connectionCheckedOut", count(1));
    client.on("connectionCheckedIn", count(-1));
  }
}
