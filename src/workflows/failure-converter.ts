/** Failure messages and stacks go through the payload codec, so that no error text is readable in the engine. */
import { DefaultFailureConverter } from "@temporalio/common";

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
