import type { RiskAssessment } from "@/api/types";
import { formatCost, formatNumber } from "@/shared/format/numbers";

interface SpendFactsProps {
  spend: RiskAssessment["spend"];
  promptVersion: RiskAssessment["prompt_version"];
}

/** What the model calls cost and which prompt asked for them; nothing where that is not on record. */
export function SpendFacts({ spend, promptVersion }: SpendFactsProps) {
  return (
    <>
      {spend != null && (
        <span
          className="tabular"
          title={`${formatNumber(spend.input_tokens)} tokens in, ${formatNumber(spend.output_tokens)} out`}
        >
          {spend.model_calls === 1 ? "1 model call" : `${formatNumber(spend.model_calls)} model calls`}
          {spend.model_calls > 0 &&
            (spend.cost_usd === null ? ", cost unknown" : `, ${formatCost(spend.cost_usd)}`)}
        </span>
      )}
      {spend?.estimated_calls != null && (
        <span title="The model endpoint did not count them: four characters are taken for one">
          tokens estimated
        </span>
      )}
      {promptVersion != null && <span title="Version of the prompt">prompt {promptVersion}</span>}
    </>
  );
}
