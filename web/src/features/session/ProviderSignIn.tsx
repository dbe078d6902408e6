import { Button } from "@mantine/core";

/** Where the tab ends in which somebody signed in beside the one that they work in. */
export const SIGNED_IN_PATH = "/signed-in";

const signInUrl = (returnTo: string) => `/api/session/sign-in?return_to=${encodeURIComponent(returnTo)}`;

/** Leads to the sign-in provider, and back to this page. */
export function ProviderSignIn() {
  const { pathname, search, hash } = window.location;
  return (
    <Button component="a" href={signInUrl(pathname + search + hash)}>
      Sign in
    </Button>
  );
}

/** The same in another tab, so that nothing is lost that was typed in this one. */
export function ProviderSignInBeside() {
  return (
    <Button component="a" href={signInUrl(SIGNED_IN_PATH)} target="_blank" rel="noopener">
      Sign in again
    </Button>
  );
}
