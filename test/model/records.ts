/** The records of deliveries in the model, and what no write may do to one. */
import type { DeliveryDocument } from "../../src/store/deliveries/delivery-document.js";
import type { World } from "./world.js";

const SETTLED = ["delivered", "exhausted", "cancelled"];

/** What tells an attempt from all others, in its summary on record. */
const placeOf = (summary: string): string => summary.split(" ").at(-1) ?? "";

/** Puts a record in place of the one before. A settled status is left only where somebody asked. */
export function put(world: World, document: DeliveryDocument, asked = false): void {
  const { _id: id, status } = document;
  const before = world.deliveries.get(id);
  if (before && before.status !== status && SETTLED.includes(before.status) && !asked)
    world.broken.push(`${id} left ${before.status} for ${status} by itself`);
  checkAttempts(world, before, document);
  const { workflowId } = document;
  if (workflowId === undefined) world.takenAt.delete(id);
  else if (asked && before && SETTLED.includes(before.status)) world.takenAt.set(id, { by: workflowId, at: world.now });
  world.deliveries.set(id, document);
  if (status !== "delivered") world.deliveredAt.delete(id);
  else if (!world.deliveredAt.has(id)) world.deliveredAt.set(id, world.now);
}

/** An attempt that is on record stays there, under its number and once, and all of them are counted. */
function checkAttempts(world: World, before: DeliveryDocument | undefined, document: DeliveryDocument): void {
  const { _id: id, attempts = {}, attemptCount } = document;
  for (const [number, summary] of Object.entries(before?.attempts ?? {}))
    if (attempts[Number(number)] !== summary)
      world.broken.push(`attempt ${number} of ${id} was on record and is overwritten`);
  const places = Object.values(attempts).map(placeOf);
  if (new Set(places).size < places.length) world.broken.push(`an attempt of ${id} is on record twice`);
  if (places.length !== attemptCount)
    world.broken.push(`${id} counts ${attemptCount} attempts, and ${places.length} are on record`);
}

/** Whether a request is on record as an attempt. */
export const isOnRecord = (
  world: World,
  { deliveryId, place }: Pick<World["sent"][number], "deliveryId" | "place">,
): boolean =>
  Object.values(world.deliveries.get(deliveryId)?.attempts ?? {}).some((text) => placeOf(text) === String(place));
