/** The filters of the catalogue as they stand in the address. */
import { type FrameSearch, frameSearch, textsOf } from "../../search-parameters.js";

const NAMES = ["q"] as const;

export type CatalogueSearch = FrameSearch & Partial<Record<(typeof NAMES)[number], string>>;

export const catalogueSearch = (given: Record<string, unknown>): CatalogueSearch => ({
  ...frameSearch(given),
  ...textsOf(given, NAMES),
});

export const eventTypeFilterOf = ({ q, api }: CatalogueSearch) => ({
  ...(q && { search: q }),
  ...(api && { apiId: api }),
});
