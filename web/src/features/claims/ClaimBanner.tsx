import type { ReactNode } from "react";
import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { CommonCase, Identity } from "@/api/types";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { ClaimIcon } from "@/shared/ui/icons";
import { Avatar } from "@/shared/ui/Avatar";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { DueIn, Time } from "@/shared/ui/Time";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import classes from "./ClaimBanner.module.css";
import { useClaimCase } from "./claim-case";
import { useReleaseCase } from "./release-case";
import { useRunningClaim } from "./running-claim";
import { useTakeOverCase } from "./take-over-case";
import { useLeaseRenewal } from "./use-lease-renewal";

interface ClaimBannerProps {
  view: CommonCase;
  /** Of a case that is assigned to nobody either: how to change that, and why it was refused. */
  pool?: { actions: ReactNode; refused: ReactNode } | undefined;
}

/** Who the assignee is, and how to become it. */
export function ClaimBanner({ view, pool }: ClaimBannerProps) {
  const identity = useIdentity();
  const claims: ClaimMutations = {
    claim: useClaimCase(view.case_id),
    release: useReleaseCase(view.case_id),
    takeOver: useTakeOverCase(view.case_id),
  };
  const claim = useRunningClaim(view);
  const mine = claim !== null && claim.assignee === identity?.subject;
  useLeaseRenewal(claim, mine && !claims.claim.isPending, () => claims.claim.mutate());

  if (view.state === "closed" || identity === null) return null;
  return (
    <div className={classes["banner"]} data-assignee={claim === null ? "no" : mine ? "me" : "other"}>
      <div className={classes["line"]} role="status">
        {claim === null ? (
          <UnassignedLine identity={identity} claims={claims} pool={pool?.actions} />
        ) : mine ? (
          <OwnClaimLine expiresAt={claim.expires_at} claims={claims} />
        ) : (
          <OtherClaimLine view={view} identity={identity} claims={claims} />
        )}
      </div>
      <RefusedChange of={[claims.claim, claims.release, claims.takeOver]} />
      {pool?.refused}
    </div>
  );
}

interface ClaimMutations {
  claim: ReturnType<typeof useClaimCase>;
  release: ReturnType<typeof useReleaseCase>;
  takeOver: ReturnType<typeof useTakeOverCase>;
}

interface UnassignedLineProps {
  identity: Identity;
  claims: ClaimMutations;
  pool: ReactNode;
}

function UnassignedLine({ identity, claims, pool }: UnassignedLineProps) {
  const inPool = pool !== undefined;
  return (
    <>
      <ClaimIcon size={16} />
      <span className={classes["text"]}>
        {inPool ? "In the pool: nobody works on this case." : "Nobody works on this case."}
      </span>
      {mayActAs(identity, "analyst") && (
        <Button size="compact-sm" onClick={() => claims.claim.mutate()} loading={claims.claim.isPending}>
          Claim
        </Button>
      )}
      {pool}
    </>
  );
}

function OwnClaimLine({ expiresAt, claims }: { expiresAt: string; claims: ClaimMutations }) {
  return (
    <>
      <ClaimIcon size={16} />
      <span className={classes["text"]}>
        <strong>You work on this case.</strong>{" "}
        <span className={classes["detail"]}>
          Yours for <DueIn at={expiresAt} plain />; it goes on by itself while you look at it.
        </span>
      </span>
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => claims.release.mutate()}
        loading={claims.release.isPending}
      >
        Release
      </Button>
    </>
  );
}

function OtherClaimLine({
  view,
  identity,
  claims,
}: {
  view: CommonCase;
  identity: Identity;
  claims: ClaimMutations;
}) {
  const [asking, { open, close }] = useDisclosure(false);
  const name = useActorName()(view.claim?.assignee ?? "");
  if (view.claim === null) return null;
  return (
    <>
      <Avatar subject={view.claim.assignee} name={name} size={20} />
      <span className={classes["text"]}>
        <strong>{name} works on this case</strong> since <Time at={view.claim.claimed_at} format="minute" />,
        until <Time at={view.claim.expires_at} format="minute" /> at least.{" "}
        <span className={classes["detail"]}>You can read it and add notes.</span>
      </span>
      {mayActAs(identity, "manager") && (
        <Button size="compact-sm" variant="default" onClick={open} loading={claims.takeOver.isPending}>
          Take over…
        </Button>
      )}
      {asking && (
        <ReasonDialog
          title={`Take the case over from ${name}?`}
          note={`${name} can then no longer decide it. Your reason stays in the log.`}
          action="Take over"
          onReason={(reason) => claims.takeOver.mutate(reason)}
          onClose={close}
        />
      )}
    </>
  );
}
