import type { PublicConfig } from "@/api/types";
import { useConfig } from "@/shared/api/config";
import classes from "./AuthModeBanner.module.css";

const SAID: Record<PublicConfig["auth_mode"], string | null> = {
  local: "Local mode: whoever sits at this machine can be anybody, so two approvals are not two people.",
  demo: "Demonstration: anybody may be anybody, nothing here is real, and two approvals are not two people.",
  oidc: null,
};

/** Says what a sign-in is worth here. */
export function AuthModeBanner() {
  const mode = useConfig().data?.auth_mode;
  const said = mode && SAID[mode];
  return said == null ? null : (
    <p className={classes["banner"]} role="note">
      {said}
    </p>
  );
}
