import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { usePageTitle } from "@/app/use-page-title";
import { RiskScorePanel } from "@/features/risk-score/RiskScorePanel";
import { useRuleList } from "@/features/rules/list-rules";
import { LabPanel } from "@/features/rules/LabPanel";
import { PrecisionPanel } from "@/features/rules/PrecisionPanel";
import { RuleList } from "@/features/rules/RuleList";
import { RULE_PANEL, RulePanel } from "@/features/rules/RulePanel";
import { SnoozePanel } from "@/features/rules/SnoozePanel";
import { SuppressionPanel } from "@/features/rules/SuppressionPanel";
import { focusSection } from "@/shared/focus";
import { humanise } from "@/shared/format/labels";
import classes from "./Page.module.css";

const LEARNED_SCORE = "learned_score";
const route = getRouteApi("/rules");

/** The rules of detection: everybody reads them, managers change them. A rule has an address of its own. */
export function RulesPage() {
  const { rule } = route.useSearch();
  const navigate = useNavigate();
  return (
    <Rules
      chosen={rule ?? null}
      // The page leads to the rule itself.
      onChoose={(next) => void navigate({ to: "/rules", search: { rule: next }, resetScroll: false })}
    />
  );
}

interface RulesProps {
  chosen: string | null;
  onChoose: (ruleId: string) => void;
}

/** All rules, and what there is to see of the one that is chosen: below the list, so the page leads there. */
export function Rules({ chosen, onChoose }: RulesProps) {
  usePageTitle(chosen === null ? "Rules" : `Rule: ${humanise(chosen)}`);
  // The list above it has its height only then.
  const isListed = !useRuleList().isPending;
  useEffect(() => {
    if (chosen !== null && isListed) focusSection(RULE_PANEL);
  }, [chosen, isListed]);
  return (
    <div className={classes["page"]}>
      <h1>Rules</h1>
      <RuleList
        chosen={chosen}
        onChoose={(next) => {
          if (next === chosen) focusSection(RULE_PANEL);
          else onChoose(next);
        }}
      />
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
