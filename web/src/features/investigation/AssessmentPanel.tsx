import { Loader } from "@mantine/core";
import type { RiskAssessment } from "@/api/types";
import { useOutage, OUTAGE_REASON } from "@/shared/api/service";
import { isAssessed, whyNotAssessed } from "@/shared/cases/assessment";
import { formatNumber } from "@/shared/format/numbers";
import { formatDuration } from "@/shared/format/time";
import { ACTION, RISK } from "@/shared/format/labels";
import { ModelName } from "@/shared/ui/ModelName";
import { Panel } from "@/shared/ui/Panel";
import { RulesModelTag } from "@/shared/ui/RulesModelTag";
import { ScoreMeter } from "@/shared/ui/ScoreMeter";
import { Tag } from "@/shared/ui/Tag";
import classes from "./AssessmentPanel.module.css";
import { SpendFacts } from "./SpendFacts";

interface AssessmentPanelProps {
  assessment: RiskAssessment | null;
  /** Whether one is being made; otherwise its absence is final for this round. */
  working: boolean;
  threshold: number;
}

/** The judgement on the round: score, recommendation, why, and why it went to a person. */
export function AssessmentPanel({ assessment, working, threshold }: AssessmentPanelProps) {
  const outage = useOutage();
  if (assessment === null) {
    return (
      <Panel title="Assessment" id="assessment">
        {working && outage === undefined ? (
          <div className={classes["waiting"]} role="status">
            <Loader size={14} />
            The risk aggregator assesses the case once all three specialists are done.
          </div>
        ) : (
          <p className={classes["note"]}>
            {working && outage !== undefined
              ? `Nothing is assessed yet, because ${OUTAGE_REASON[outage]}.`
              : "This round has no assessment."}
          </p>
        )}
      </Panel>
    );
  }
  return (
    <Panel title="Assessment" id="assessment" aside={<AssessmentTags assessment={assessment} />}>
      <AssessmentBody assessment={assessment} threshold={threshold} />
    </Panel>
  );
}

function AssessmentTags({ assessment }: { assessment: RiskAssessment }) {
  return (
    <>
      {assessment.quality_check && (
        <Tag tone="accent" title="It would have been cleared, and was drawn for the quality sample">
          Quality check
        </Tag>
      )}
      <RulesModelTag model={assessment.model} />
    </>
  );
}

export function AssessmentBody({ assessment, threshold }: { assessment: RiskAssessment; threshold: number }) {
  return (
    <div className={classes["layout"]}>
      <div className={classes["verdict"]}>
        {isAssessed(assessment) ? (
          <ScoredAssessment assessment={assessment} threshold={threshold} />
        ) : (
          <UnscoredAssessment why={whyNotAssessed(assessment)} threshold={threshold} />
        )}
      </div>
      <div className={classes["why"]}>
        {assessment.reasoning !== "" && <p className={classes["reasoning"]}>{assessment.reasoning}</p>}
        {assessment.reasoning_unsupported_reason != null && (
          <div className={classes["opinion"]}>
            <Tag tone="high" title="It says more than the aggregator was shown">
              Opinion
            </Tag>
            <span>{assessment.reasoning_unsupported_reason}</span>
          </div>
        )}
        {assessment.route_reasons.length > 0 && (
          <div className={classes["reasons"]}>
            <h3>{reasonsHeading(assessment)}</h3>
            <ul>
              {assessment.route_reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
          </div>
        )}
        {assessment.route === "auto_clear" && (
          <p className={classes["note"]}>
            Every guard rail held: this round could be cleared without a person.
          </p>
        )}
        <p className={classes["meta"]}>
          <span className="tabular">{formatDuration(assessment.duration_ms)}</span>
          <span className="tabular">{formatNumber(assessment.tokens)} tokens</span>
          <ModelName model={assessment.model} host={assessment.model_host} />
          <SpendFacts spend={assessment.spend} promptVersion={assessment.prompt_version} />
        </p>
      </div>
    </div>
  );
}

function ScoredAssessment({ assessment, threshold }: { assessment: RiskAssessment; threshold: number }) {
  const { model_recommendation: model, recommended_action: action, risk_level: level } = assessment;
  const overruled = model !== null && model !== action;
  return (
    <>
      <ScoreMeter
        size="lg"
        score={assessment.overall_risk_score}
        level={level}
        threshold={threshold}
        label="Overall risk score"
      />
      {level !== null && (
        <div className={classes["tags"]}>
          <Tag tone={RISK[level].tone}>{RISK[level].label}</Tag>
        </div>
      )}
      <dl className={classes["facts"]}>
        <dt>Recommended</dt>
        <dd>
          <strong>{action === null ? "Nothing" : ACTION[action]}</strong>
        </dd>
        {overruled && (
          <>
            <dt>The model recommended</dt>
            <dd>
              {ACTION[model]} <span className={classes["overruled"]}>overruled by the guard rails</span>
            </dd>
          </>
        )}
      </dl>
    </>
  );
}

function reasonsHeading(assessment: RiskAssessment): string {
  if (isAssessed(assessment)) return "Why it needs a review";
  return assessment.reports.length === 0 ? "What happened" : "What was not available";
}

/** What is not known is neither harmless nor a reason to act. */
function UnscoredAssessment({ why, threshold }: { why: string; threshold: number }) {
  return (
    <>
      <ScoreMeter size="lg" score={null} threshold={threshold} label="Overall risk score" />
      <div className={classes["tags"]}>
        <Tag tone="neutral">Not assessed</Tag>
      </div>
      <dl className={classes["facts"]}>
        <dt>Recommended</dt>
        <dd>
          <strong>Nothing</strong> <span className={classes["detail"]}>Not assessed, because {why}.</span>
        </dd>
      </dl>
    </>
  );
}
