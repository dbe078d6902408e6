import { Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import { useSession } from "@/shared/api/session";
import { ErrorState } from "@/shared/ui/States";
import { Dialog } from "@/shared/ui/Dialog";
import { useSignInElsewhere } from "./other-tabs";
import { PersonaPicker } from "./PersonaPicker";
import { ProviderSignInBeside } from "./ProviderSignIn";
import classes from "./SignInGate.module.css";
import { SignInPage } from "./SignInPage";

/**
 * Shows the pages to people who are signed in.
 *
 * A session that ends while somebody works asks for a name on top of the page, which stays mounted: nothing that was
 * typed is lost. Only who signs out, or comes for the first time, gets the page to sign in.
 */
export function SignInGate({ children }: { children: ReactNode }) {
  const session = useSession();
  useSignInElsewhere();
  if (session.data === undefined) {
    return (
      <div className={classes["waiting"]}>
        {session.isError ? (
          <ErrorState
            error={session.error}
            onRetry={() => void session.refetch()}
            retrying={session.isFetching}
          />
        ) : (
          <div role="status" aria-label="Looking up who is signed in">
            <Skeleton height={320} />
          </div>
        )}
      </div>
    );
  }
  const { identity, lapsed } = session.data;
  if (identity === null && lapsed == null) return <SignInPage session={session.data} />;
  return (
    <>
      {children}
      <Dialog
        opened={identity === null}
        onClose={() => undefined}
        withCloseButton={false}
        closeOnEscape={false}
        closeOnClickOutside={false}
        size={520}
        title={<strong>You are signed out</strong>}
      >
        {session.data.auth_mode === "oidc" ? (
          <>
            <p className={classes["kept"]}>
              Sign in again in another tab, and go on here. What you typed is still there.
            </p>
            <ProviderSignInBeside />
          </>
        ) : (
          <>
            <p className={classes["kept"]}>Say who you are to go on. What you typed is still there.</p>
            <PersonaPicker personas={session.data.personas} />
          </>
        )}
      </Dialog>
    </>
  );
}
