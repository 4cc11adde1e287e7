/** The codes of outcomes that the list can be filtered by. The build takes them from the service's only table. */
declare const SEALPOST_OUTCOME_CODES: readonly string[];

export const OUTCOME_CODES = SEALPOST_OUTCOME_CODES;
