/** An API of which the audit can be taken away. */
import { inject } from "vitest";
import { StoreError } from "../../src/store/store-error.js";
import { type RunningApi, startApi } from "./running-api.js";

/** @param isAway asked before each entry. The entry is refused then, as by a database that does not answer */
export const startApiWithAudit = (isAway: () => boolean): Promise<RunningApi> =>
  startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    between: (store) => ({
      ...store,
      audit: {
        ...store.audit,
        append: (entry) =>
          isAway()
            ? Promise.reject(new StoreError("unavailable", "MongoDB does not answer."))
            : store.audit.append(entry),
      },
    }),
  });
