import { Button, Skeleton } from "@mantine/core";
import { useState } from "react";
import type { Access } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import { formatNumber } from "@/shared/format/numbers";
import { EarlierPageButton } from "@/shared/ui/EarlierPageButton";
import { Panel } from "@/shared/ui/Panel";
import { ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import classes from "./AccessesPanel.module.css";
import { useAccesses } from "./list-accesses";

const SAW: Record<Access["kind"], string> = {
  case_viewed: "viewed the case",
  evidence_read: "read evidence",
  attachment_read: "read attachment",
  case_exported: "exported the case as",
  case_reported: "made the regulatory report as",
  cases_export_began: "began to export cases as",
  cases_exported: "exported cases as",
  accesses_read: "read who saw the case",
  revealed: "saw personal data",
  conversation_read: "read the conversation with",
};

/** Who saw the case, its evidence and its exports. For managers, when they ask for it. */
export function AccessesPanel({ caseId }: { caseId: string }) {
  const [asked, setAsked] = useState(false);
  const accesses = useAccesses(caseId, asked);
  return (
    <Panel
      title="Seen by"
      aside={accesses.data && <span className={classes["note"]}>{formatNumber(accesses.data.total)}</span>}
    >
      {!asked && (
        <Button size="compact-sm" variant="subtle" onClick={() => setAsked(true)}>
          Show who saw this case
        </Button>
      )}
      {asked && accesses.isPending && <Skeleton height={40} />}
      {accesses.isError && accesses.data === undefined && (
        <ErrorState
          error={accesses.error}
          onRetry={() => void accesses.refetch()}
          retrying={accesses.isFetching}
        />
      )}
      {accesses.data && (
        <>
          <p className={classes["note"]}>
            Views by one person within a quarter of an hour are one line. Reading this list is recorded, too.
          </p>
          <AccessList accesses={accesses.data.items} />
        </>
      )}
      <EarlierPageButton what="views" list={accesses} />
    </Panel>
  );
}

function AccessList({ accesses }: { accesses: readonly Access[] }) {
  const nameOf = useActorName();
  return (
    <ol className={classes["list"]} aria-label="Who saw the case, newest first" tabIndex={0}>
      {accesses.toReversed().map(({ number, subject, kind, target, at }) => (
        <li key={number} className={classes["access"]}>
          <strong>{nameOf(subject)}</strong> {SAW[kind]}
          {target !== null && ` ${target}`} <Time at={at} format="day" />
        </li>
      ))}
    </ol>
  );
}
