/** The words of the pages. Code names keys. The sentences are in en.json. */
import i18next, { type TFunction } from "i18next";
import en from "./en.json" with { type: "json" };
import { pseudoOf } from "./pseudo.js";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

/** Under this name of the browser's storage a test switches the made-up language on. */
const PSEUDO = "sealpost.pseudo";

const pseudo = globalThis.localStorage?.getItem(PSEUDO) === "1";
void i18next.init({
  lng: "en",
  initAsync: false,
  resources: { en: { translation: pseudo ? pseudoOf(en) : en } },
  // React escapes what is shown.
  interpolation: { escapeValue: false },
});

export const t: TFunction = i18next.t;

/** In which English numbers and dates are written: the reader's own kind where there is one. */
export const LOCALE: string = navigator.languages.find((each) => /^en\b/.test(each)) ?? "en-GB";
