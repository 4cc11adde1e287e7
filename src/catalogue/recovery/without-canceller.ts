/**
 * The record of a recovery says who cancelled it. A consumer may not read who works at its provider, so it is told by
 * the acts of the recovery alone, to those who may know.
 */
export const withoutCanceller = (error: string): string => error.replace(/^Cancelled by .+?\. (?=\d)/s, "Cancelled. ");
