import type { DeadLetterCount, TelemetryDeadLetter } from "@/api/types";
import type { Tone } from "@/shared/format/labels";
import { formatNumber } from "@/shared/format/numbers";

export const KINDS: Record<TelemetryDeadLetter["kind"], string> = {
  unreadable: "Unreadable",
  from_the_future: "From the future",
  from_the_far_past: "From the far past",
  wrong_time_unit: "Wrong unit of time",
  damaged_gzip: "Damaged gzip",
  too_large: "Too large",
};

export const STATES: Record<TelemetryDeadLetter["state"], { text: string; tone: Tone }> = {
  kept: { text: "Kept", tone: "neutral" },
  retry_requested: { text: "To be tried again", tone: "accent" },
  retrying: { text: "Being tried again", tone: "accent" },
  evaluated: { text: "Evaluated", tone: "good" },
  failed_again: { text: "Failed again", tone: "bad" },
};

interface Place {
  source: string;
  file: string | null;
  partition: string | null;
  position: number;
}

/** Where it was: a file and its line, or a partition and its message. */
export function placeOf({ source, file, partition, position }: Place): string {
  if (file !== null) return `${file}, line ${formatNumber(position)}`;
  if (partition !== null) return `${source}, partition ${partition}, message ${formatNumber(position)}`;
  return `${source}, after ${formatNumber(position)}`;
}

export const lastPlaceOf = ({ source, last_file, last_partition, last_position }: DeadLetterCount): string =>
  placeOf({ source, file: last_file, partition: last_partition, position: last_position });

/** Whether somebody may ask for it to be tried again. */
export const mayBeTried = ({ is_whole, state }: TelemetryDeadLetter): boolean =>
  is_whole && (state === "kept" || state === "failed_again");
