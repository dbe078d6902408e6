import { useConfig } from "@/shared/api/config";
import classes from "./AuthModeBanner.module.css";

/** Says what a sign-in is worth here. */
export function AuthModeBanner() {
  const mode = useConfig().data?.auth_mode;
  if (mode !== "local") return null;
  return (
    <p className={classes["banner"]} role="note">
      Local mode: whoever sits at this machine can be anybody, so two approvals are not two people.
    </p>
  );
}
