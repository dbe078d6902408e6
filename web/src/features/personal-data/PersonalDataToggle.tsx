import { Button } from "@mantine/core";
import { usePersonalData } from "@/shared/api/personal-data";
import type { Revealable } from "@/shared/api/revealed";
import { mayActAs, useIdentity } from "@/shared/api/session";
import classes from "./PersonalDataToggle.module.css";

/** Shows personal data of a case or a conversation as it is, which is recorded. For those who may see it. */
export function PersonalDataToggle(of: Revealable) {
  const { isShown, show, mask } = usePersonalData(of);
  const may = mayActAs(useIdentity(), "analyst");
  if (!may) return null;
  return (
    <div className={classes["bar"]}>
      <Button
        size="compact-xs"
        variant={isShown ? "filled" : "default"}
        aria-pressed={isShown}
        onClick={isShown ? mask : show}
      >
        Show personal data
      </Button>
      <span role="status" className={classes["note"]}>
        {isShown
          ? "Personal data is shown; that is recorded."
          : "Personal data is masked. Showing it is recorded."}
      </span>
    </div>
  );
}
