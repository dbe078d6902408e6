/** Decimals of the currencies that do not have two, by ISO 4217; contracts/money.py has the same table. */
const OTHER_MINOR_DIGITS: readonly (readonly [string, number])[] = [
  ["BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF", 0],
  ["BHD IQD JOD KWD LYD OMR TND", 3],
  ["CLF UYW", 4],
];

const DIGITS = new Map(
  OTHER_MINOR_DIGITS.flatMap(([codes, digits]) => codes.split(" ").map((code) => [code, digits])),
);

/** How many decimals an amount of this currency has. */
export const minorDigits = (currency: string): number => DIGITS.get(currency) ?? 2;
