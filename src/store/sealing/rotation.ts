/** Rotation of the master key. It wraps every data key anew. What the data keys have sealed is not touched. */
import { Binary, type Collection } from "mongodb";
import { lockOf, wrappingContext, type DataKeyDocument } from "./data-keys.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import { type Exclusive, unguarded } from "../mongo/exclusive.js";
import type { KeyProvider } from "./master-keys.js";
import { StoreError } from "../store-error.js";

export interface RotationResult {
  /** Data keys wrapped anew in this run. */
  rewrapped: number;
  /** Ids of data keys whose old master key is not available. They stay as they are. */
  failed: string[];
}

/**
 * Wraps every data key that is not under the provider's active master key under that one. It may be stopped at any time
 * and run again, also while services run. Each key is one compare-and-set, and passes repeat until nothing is left.
 * @throws StoreError `unavailable`. What was done stays done
 */
export async function rotateMasterKey(deps: {
  dataKeys: Collection<DataKeyDocument>;
  provider: KeyProvider;
  /** The lock under which data keys are changed, on an engine that needs one. */
  exclusive?: Exclusive;
  progress?: (done: number, left: number) => void;
}): Promise<RotationResult> {
  const { dataKeys, provider, exclusive = unguarded, progress } = deps;
  const failed = new Set<string>();
  let rewrapped = 0;
  for (;;) {
    const left = await waiting(dataKeys, provider.activeKeyId, failed);
    if (left.length === 0) return { rewrapped, failed: [...failed] };
    for (const [index, id] of left.entries()) {
      const outcome = await exclusive(lockOf(id), () => rewrap(dataKeys, provider, id));
      if (outcome === "rewrapped") rewrapped++;
      if (outcome === "failed") failed.add(id);
      progress?.(rewrapped, left.length - index - 1);
    }
  }
}

/** Ids of the data keys under another master key. Destroyed ones are under none. */
async function waiting(
  dataKeys: Collection<DataKeyDocument>,
  activeKeyId: string,
  failed: Set<string>,
): Promise<string[]> {
  const found = await guarded(
    (within) =>
      dataKeys
        .find({ masterKeyId: { $exists: true, $ne: activeKeyId } }, { ...within, projection: { _id: 1 } })
        .sort({ _id: 1 })
        .toArray(),
    LIST_DEADLINE_MS,
  );
  return found.map(({ _id }) => _id).filter((id) => !failed.has(id));
}

async function rewrap(
  dataKeys: Collection<DataKeyDocument>,
  provider: KeyProvider,
  id: string,
): Promise<"rewrapped" | "changed" | "failed"> {
  const document = await guarded((within) => dataKeys.findOne({ _id: id }, within));
  if (!document?.masterKeyId || document.masterKeyId === provider.activeKeyId) return "changed";
  try {
    const material = await provider.unwrap(document.masterKeyId, document.wrapped.value(), wrappingContext(id));
    const { masterKeyId, wrapped } = await provider.wrap(material, wrappingContext(id));
    material.fill(0);
    // The old master key is in the filter. If a key is destroyed or rotated in between, then it is left alone and the
    // next pass looks again.
    const { matchedCount } = await guarded((within) =>
      dataKeys.updateOne(
        { _id: id, masterKeyId: document.masterKeyId as string },
        { $set: { masterKeyId, wrapped: new Binary(wrapped) } },
        within,
      ),
    );
    return matchedCount === 1 ? "rewrapped" : "changed";
  } catch (error) {
    if (error instanceof StoreError && (error.code === "key_unknown" || error.code === "sealed_data_invalid"))
      return "failed";
    throw error;
  }
}
