/** Numbers as people write them. */
import { numberFormat } from "../time/formatters.js";
import { LOCALE } from "./locale.js";

/** 1,204 */
export const numberOf = (value: number): string => numberFormat(LOCALE).format(value);
