/** In which English numbers and dates are written: the reader's own kind where there is one. */
export const LOCALE: string = navigator.languages.find((each) => /^en\b/.test(each)) ?? "en-GB";
