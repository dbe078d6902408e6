import type { BackTestSummary, Proportion } from "@/api/types";
import type { Tone } from "@/shared/format/labels";
import { formatNumber } from "@/shared/format/numbers";

export const STATES: Record<BackTestSummary["state"], { text: string; tone: Tone }> = {
  queued: { text: "Waits", tone: "neutral" },
  running: { text: "Runs", tone: "accent" },
  done: { text: "Done", tone: "good" },
  failed: { text: "Failed", tone: "bad" },
  cancelled: { text: "Cancelled", tone: "neutral" },
  interrupted: { text: "Interrupted", tone: "warn" },
};

/** What telemetry it is tried on. */
export const sourceName = ({ source }: Pick<BackTestSummary, "source">): string =>
  source.kind === "recording" ? source.recording : `live telemetry of ${daysOf(source.days)}`;

export const daysOf = (days: number): string => (days === 1 ? "the last day" : `the last ${days} days`);

export const percent = (share: number): string => `${formatNumber(Math.round(share * 1_000) / 10)} %`;

/** A share with its sample and its interval. */
export function inWords({ share, hits, of, low, high }: Proportion): string {
  if (share === null || low === null || high === null) return "no sample";
  const sample = `${formatNumber(hits)} of ${formatNumber(of)}`;
  return `${percent(share)} (${sample}; 95 %: ${percent(low)} to ${percent(high)})`;
}
