import { Button, SegmentedControl, Skeleton } from "@mantine/core";
import { useState } from "react";
import type { OpenSession } from "@/api/types";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { ROLE } from "@/shared/format/labels";
import { formatNumber } from "@/shared/format/numbers";
import lines from "@/shared/ui/Lines.module.css";
import { Panel } from "@/shared/ui/Panel";
import { ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { useEndSession } from "./end-session";
import { useSessions, type Whose } from "./list-sessions";

/** Where one is signed in, with a way to end each; for admins everybody's as well. */
export function SessionsPanel() {
  const isAdmin = mayActAs(useIdentity(), "admin");
  const [whose, setWhose] = useState<Whose>("mine");
  const sessions = useSessions(whose);
  return (
    <Panel
      title="Open sessions"
      aside={sessions.data && <span className={lines["note"]}>{formatNumber(sessions.data.total)}</span>}
    >
      {isAdmin && (
        <SegmentedControl
          size="xs"
          aria-label="Whose sessions"
          value={whose}
          onChange={(chosen) => setWhose(chosen === "all" ? "all" : "mine")}
          data={[
            { value: "mine", label: "Yours" },
            { value: "all", label: "Everybody's" },
          ]}
        />
      )}
      {sessions.isPending && <Skeleton height={60} />}
      {sessions.isError && sessions.data === undefined && (
        <ErrorState
          error={sessions.error}
          onRetry={() => void sessions.refetch()}
          retrying={sessions.isFetching}
        />
      )}
      {sessions.data && (
        <ul className={lines["list"]} aria-label="Open sessions, newest first">
          {sessions.data.items.map((session) => (
            <SessionLine
              key={session.session_id}
              session={session}
              isCurrent={session.session_id === sessions.data.current}
              showsHolder={whose === "all"}
            />
          ))}
        </ul>
      )}
      {sessions.data && sessions.data.total > sessions.data.items.length && (
        <p className={lines["note"]}>Only the newest {formatNumber(sessions.data.items.length)} are shown.</p>
      )}
    </Panel>
  );
}

const BEGAN: Record<OpenSession["kind"], string> = {
  browser: "signed in",
  program: "was given a token",
  provider_token: "came with a token of the sign-in provider",
};

interface SessionLineProps {
  session: OpenSession;
  isCurrent: boolean;
  showsHolder: boolean;
}

function SessionLine({ session, isCurrent, showsHolder }: SessionLineProps) {
  const end = useEndSession();
  const name = `${session.name}, ${session.client || "a program without a name"}`;
  const roles = [...session.roles.map((role) => ROLE[role].label), ...session.scopes].join(", ");
  return (
    <li className={lines["line"]}>
      <div className={lines["what"]}>
        {showsHolder && (
          <>
            <strong>{session.name}</strong> ({roles}){" "}
          </>
        )}
        {BEGAN[session.kind]} <Time at={session.began_at} format="day" /> from{" "}
        {session.address || "nowhere known"}
        <div className={lines["note"]}>{session.client || "It gave no name of its own."}</div>
        <div className={lines["note"]}>
          {session.kind === "provider_token" ? (
            <>
              Expires <Time at={session.ends_at} format="day" />.
            </>
          ) : (
            <>
              Last used <Time at={session.last_used_at} format="day" />; ends{" "}
              <Time at={session.idle_ends_at} format="day" /> unless it is used, and{" "}
              <Time at={session.ends_at} format="day" /> in any case.
            </>
          )}
        </div>
        {end.isError && <p role="alert">{end.error.message}</p>}
      </div>
      <div className={lines["tags"]}>
        {isCurrent ? (
          <Tag tone="accent">This one</Tag>
        ) : (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`End the session of ${name}`}
            loading={end.isPending}
            onClick={() => end.mutate(session.session_id)}
          >
            End
          </Button>
        )}
      </div>
    </li>
  );
}
