const list = new Intl.ListFormat("en", { type: "conjunction" });

/** Words as a list in a sentence: "a disposition, a reason, and a comment". */
export const formatList = (words: readonly string[]): string => list.format(words);
