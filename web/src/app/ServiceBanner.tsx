import type { ServiceStatus } from "@/api/types";
import { useIdentity } from "@/shared/api/session";
import { useService } from "@/shared/api/service";
import { useLive, useLiveStatus } from "@/shared/live/context";
import { Time } from "@/shared/ui/Time";
import classes from "./ServiceBanner.module.css";

/** What is away, since when, and what that means; nothing while all is at work. */
export function ServiceBanner() {
  const service = useService(useIdentity() !== null);
  const lost = useLostSince();
  if (lost !== undefined) {
    return (
      <div className={classes["banner"]} role="alert">
        The server does not answer since <Time at={lost} format="minute" />: what you see may be out of date.
        What you type is kept, and this page goes on by itself.
      </div>
    );
  }
  if (service === undefined || !isTroubled(service)) return null;
  return (
    <div className={classes["banner"]} role="alert">
      {service.scheduler_away_since !== null ? (
        <>
          The scheduler does not answer since <Time at={service.scheduler_away_since} format="minute" />: no
          investigation goes on. Decisions and new cases are kept, and go on when it is back.
        </>
      ) : (
        service.not_begun_since !== null && (
          <>
            {service.not_begun === 1 ? "A case waits" : `${service.not_begun} cases wait`} to be investigated
            since <Time at={service.not_begun_since} format="minute" />, and no worker has begun: it may be
            down.
          </>
        )
      )}
    </div>
  );
}

export const isTroubled = (service: ServiceStatus): boolean =>
  service.scheduler_away_since !== null || service.not_begun > 0;

/** Since when the event stream is interrupted, once it was open. */
function useLostSince(): string | undefined {
  const { since } = useLive();
  return useLiveStatus() === "reconnecting" ? since() : undefined;
}
