import {
  countdown,
  formatAge,
  formatClock,
  formatDateTime,
  formatDayTime,
  formatMinute,
  formatUtc,
} from "@/shared/format/time";
import { useNow } from "@/shared/use-now";
import classes from "./Time.module.css";

const FORMATS = { full: formatDateTime, day: formatDayTime, clock: formatClock, minute: formatMinute };

interface TimeProps {
  at: string;
  format?: keyof typeof FORMATS;
}

/** A time in the local zone; its title has it in UTC. */
export function Time({ at, format = "full" }: TimeProps) {
  return (
    <time dateTime={at} title={formatUtc(at)} className="tabular">
      {FORMATS[format](at)}
    </time>
  );
}

interface AgeProps {
  at: string;
  /** For use in a sentence, rather than below a heading. */
  ago?: boolean;
}

/** How long ago something was, kept current. */
export function Age({ at, ago = false }: AgeProps) {
  const now = useNow();
  const age = formatAge(at, now);
  return (
    <time dateTime={at} title={`${formatDateTime(at)} (${formatUtc(at)})`} className="tabular">
      {ago ? (age === "now" ? "just now" : `${age} ago`) : age}
    </time>
  );
}

interface DueInProps {
  at: string;
  /** Without the colours: nothing bad comes when the time is over. */
  plain?: boolean;
}

/** Time left until a deadline, updated every second; its colour shows the urgency. */
export function DueIn({ at, plain = false }: DueInProps) {
  const { text, urgency } = countdown(at, useNow());
  return (
    <time
      dateTime={at}
      title={`${plain ? "Until" : "Due"} ${formatDateTime(at)} (${formatUtc(at)})`}
      className={`tabular ${classes["due"] ?? ""}`}
      data-urgency={plain ? "later" : urgency}
    >
      {text}
    </time>
  );
}
