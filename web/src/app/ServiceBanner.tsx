import type { ReactNode } from "react";
import type { ServiceStatus } from "@/api/types";
import { isDegraded, useService } from "@/shared/api/service";
import { useLive, useLiveStatus } from "@/shared/live/context";
import { Time } from "@/shared/ui/Time";
import classes from "./ServiceBanner.module.css";

/** What is away, since when, and what that means; nothing while all is at work. */
export function ServiceBanner() {
  const service = useService();
  const lost = useDisconnectedSince();
  if (lost !== undefined) {
    return (
      <Banner>
        <p>
          The server has not answered since <Time at={lost} format="minute" />: what you see may be out of
          date. What you type is kept, and this page goes on by itself.
        </p>
      </Banner>
    );
  }
  if (service === undefined) return null;
  const { scheduler_away_since: scheduler, hub_taken_since: hub, worker_away_since: worker } = service;
  if (!isDegraded(service)) return null;
  return (
    <Banner>
      {scheduler !== null && (
        <p>
          The scheduler has not answered since <Time at={scheduler} format="minute" />: no investigation goes
          on. Decisions and new cases are kept, and go on when it is back.
        </p>
      )}
      {hub !== null && (
        <p>
          The scheduler has done the work of another casebook since <Time at={hub} format="minute" />, and
          none of this one: no investigation goes on. Decisions and new cases are kept, but waiting does not
          help: whoever runs Casewright must change a setting, which{" "}
          <a href="/ready">the report on its parts</a> names.
        </p>
      )}
      {worker !== null && (
        <p>
          No worker has been at work since <Time at={worker} format="minute" />: running work is paused.
          Decisions and new cases are kept, and go on when one is back.
        </p>
      )}
      {scheduler === null && hub === null && worker === null && <NotBegun service={service} />}
    </Banner>
  );
}

const Banner = ({ children }: { children: ReactNode }) => (
  <div className={classes["banner"]} role="alert">
    {children}
  </div>
);

function NotBegun({ service }: { service: ServiceStatus }) {
  const { not_begun: count, not_begun_since: since } = service;
  return (
    <p>
      {count === 1 ? "A case has" : `${count} cases have`} waited to be investigated
      {since !== null && (
        <>
          {" "}
          since <Time at={since} format="minute" />
        </>
      )}
      , and no worker has begun: it may be down, or busy with others.
    </p>
  );
}

/** Since when the event stream is interrupted, once it was open. */
function useDisconnectedSince(): string | undefined {
  const { since } = useLive();
  return useLiveStatus() === "reconnecting" ? since() : undefined;
}
