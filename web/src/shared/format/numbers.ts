import { minorDigits } from "./currencies";

const plain = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const score = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** A count or a measurement: two decimals at most, none where they no longer matter. */
export const formatNumber = (value: number): string =>
  Math.abs(value) >= 1_000 ? whole.format(value) : plain.format(value);

const exact = new Intl.NumberFormat(undefined, { maximumFractionDigits: 20 });

/** A bound that somebody's number is held to: all its decimals. */
export const formatBound = (value: number): string => exact.format(value);

/** A risk score: always two decimals, "–" when there is none. */
export const formatScore = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : score.format(value);

/** Money in major units; `amount` may be the exact decimal text of the wire. */
export function formatMoney(amount: string | number, currency: string): string {
  const value = Number(amount);
  if (!Number.isFinite(value)) return `${amount} ${currency}`;
  try {
    return inCurrency(currency).format(value);
  } catch {
    return `${plain.format(value)} ${currency}`;
  }
}

/** Money in minor units (cents), by the number of decimals that the currency has. */
export function formatMinor(amount: number, currency: string): string {
  try {
    return inCurrency(currency).format(amount / 10 ** minorDigits(currency));
  } catch {
    return `${plain.format(amount)} ${currency} (minor units)`;
  }
}

// Browsers follow Unicode's customs (no decimals for AFN, IQD, RSD and others), with which cents would become units.
function inCurrency(currency: string): Intl.NumberFormat {
  const digits = minorDigits(currency);
  return new Intl.NumberFormat(undefined, {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

const KIB = 1024;

/** The size of a file: "812 B", "14 kB", "2.3 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < KIB) return `${bytes} B`;
  if (bytes < KIB * KIB) return `${whole.format(bytes / KIB)} kB`;
  return `${plain.format(Math.round((bytes / KIB / KIB) * 10) / 10)} MB`;
}

const dollars = new Intl.NumberFormat(undefined, {
  style: "currency",
  currency: "USD",
  minimumFractionDigits: 2,
  maximumFractionDigits: 4,
});

/** What model calls cost; the wire has exact decimal text. */
export const formatCost = (usd: string): string => dollars.format(Number(usd));
