import { useState } from "react";
import { usePageTitle } from "@/app/use-page-title";
import { RiskScorePanel } from "@/features/risk-score/RiskScorePanel";
import { LabPanel } from "@/features/rules/LabPanel";
import { PrecisionPanel } from "@/features/rules/PrecisionPanel";
import { RuleList } from "@/features/rules/RuleList";
import { RulePanel } from "@/features/rules/RulePanel";
import { SnoozePanel } from "@/features/rules/SnoozePanel";
import { SuppressionPanel } from "@/features/rules/SuppressionPanel";
import classes from "./Page.module.css";

const LEARNED_SCORE = "learned_score";

/** The rules of detection: everybody reads them, managers change them. */
export function RulesPage() {
  const [chosen, setChosen] = useState<string | null>(null);
  usePageTitle("Rules");
  return (
    <div className={classes["page"]}>
      <h1>Rules</h1>
      <RuleList chosen={chosen} onChoose={setChosen} />
      {chosen !== null && (
        <>
          <RulePanel key={`rule ${chosen}`} ruleId={chosen} />
          {chosen === LEARNED_SCORE && <RiskScorePanel />}
          <PrecisionPanel key={`precision ${chosen}`} ruleId={chosen} />
          {chosen !== LEARNED_SCORE && <LabPanel key={`lab ${chosen}`} ruleId={chosen} />}
          <SnoozePanel key={`snoozes ${chosen}`} ruleId={chosen} />
        </>
      )}
      <SuppressionPanel />
    </div>
  );
}
