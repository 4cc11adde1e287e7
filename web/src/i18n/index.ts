/** The words of the pages. Code names keys. The sentences are in en.json. */
import i18next, { type FormatterModule, type TFunction } from "i18next";
import en from "./en.json" with { type: "json" };
import { numberOf } from "./number.js";
import { pseudoOf } from "./pseudo.js";

export { LOCALE } from "./locale.js";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

/** Under this name of the browser's storage a test switches the made-up language on. */
const PSEUDO = "sealpost.pseudo";

const pseudo = globalThis.localStorage?.getItem(PSEUDO) === "1";
/** A count stands in a sentence as people write numbers. Everything else is put in as it is. */
const counts: FormatterModule = {
  type: "formatter",
  init: () => undefined,
  add: () => undefined,
  addCached: () => undefined,
  format: (value: unknown, _format, _language, options) => {
    if (typeof value !== "number") return typeof value === "string" ? value : "";
    return options?.["interpolationkey"] === "count" ? numberOf(value) : String(value);
  },
};

void i18next.use(counts).init({
  lng: "en",
  initAsync: false,
  resources: { en: { translation: pseudo ? pseudoOf(en) : en } },
  // React escapes what is shown.
  interpolation: { escapeValue: false, alwaysFormat: true },
});

export const t: TFunction = i18next.t;
