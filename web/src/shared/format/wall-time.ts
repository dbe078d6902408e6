/** The zone of whoever looks. */
export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

interface WallTime {
  /** `2026-11-30T09:00`, without an offset. */
  local: string;
  zone: string;
}

/** A wall time as people read it; its zone only where that is another one than theirs. */
export function wallTime({ local, zone }: WallTime): string {
  const [day = "", time = ""] = local.split("T");
  return `${day} ${time.slice(0, 5)}${zone === ownZone() ? "" : ` (${zone})`}`;
}
