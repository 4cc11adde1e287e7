/** The languages that mail is written in. Their names stand in the texts of the account. */
export const LANGUAGES = ["en", "de", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];

export const languageIn = (text: string): Language | undefined => LANGUAGES.find((each) => each === text);
