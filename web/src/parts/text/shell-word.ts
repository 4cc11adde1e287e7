/**
 * The text as one word of a shell. In single quotes everything is plain text but the quote itself (POSIX.1-2024,
 * 2.2.2).
 */
export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
