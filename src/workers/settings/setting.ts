/** What a setting is. */
import { z } from "zod";

export interface Setting<T extends z.ZodType = z.ZodType> {
  schema: T;
  /** Used when the key is absent or empty. Undefined means that the setting is optional. */
  default?: string;
  meaning: string;
  /** The value may come from the file named by `<KEY>_FILE`, because it is a secret. */
  secret?: true;
}
export const setting = <T extends z.ZodType>(value: Setting<T>): Setting<T> => value;

/** A whole number between these. */
export const whole = (min: number, max: number) =>
  z.string().regex(/^\d+$/, "a whole number").transform(Number).pipe(z.number().min(min).max(max));
