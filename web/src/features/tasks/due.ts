import { ownZone } from "@/shared/format/wall-time";

/** Every zone that this browser knows, its own first. */
export function zones(): string[] {
  const own = ownZone();
  return [...new Set([own, "UTC", ...Intl.supportedValuesOf("timeZone")])];
}
