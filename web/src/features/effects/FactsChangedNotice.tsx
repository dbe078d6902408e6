import type { CaseEvent, FraudCaseView } from "@/api/types";
import { changesOf } from "@/shared/format/case-event";
import { AlertIcon } from "@/shared/ui/icons";
import { Time } from "@/shared/ui/Time";
import classes from "./FactsChangedNotice.module.css";

interface FactsChangedNoticeProps {
  view: FraudCaseView;
  events: readonly CaseEvent[] | undefined;
}

/** Why an approved action was not carried out, while the case is still open for another decision. */
export function FactsChangedNotice({ view, events = [] }: FactsChangedNoticeProps) {
  const found = events.findLast(({ type }) => type === "facts_changed");
  if (found === undefined || view.state === "closed") return null;
  return (
    <section className={classes["notice"]} aria-label="The facts changed">
      <AlertIcon size={17} />
      <div>
        <p className={classes["title"]}>
          The approved action was{" "}
          {view.effects.some(({ status }) => status === "done") ? "only partly" : "not"} carried out: what the
          approval relied on had changed by <Time at={found.at} format="minute" />.
        </p>
        <ul>
          {changesOf(found).map((change) => (
            <li key={change}>{change}</li>
          ))}
        </ul>
      </div>
    </section>
  );
}
