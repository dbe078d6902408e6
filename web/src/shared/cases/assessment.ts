import type { RiskAssessment, SpecialistReport } from "@/api/types";

/**
 * Whether there was anything to assess. Where there was not, nothing is shown as recommended or risky, also when
 * the assessment rates and recommends all the same.
 */
export const isAssessed = (assessment: RiskAssessment): boolean =>
  assessment.overall_risk_score !== null && assessment.reports.some(hasEvidence);

const hasEvidence = ({ status, risk_score, findings }: SpecialistReport): boolean =>
  status === "ok" && risk_score !== null && findings.some(({ unsupported }) => !unsupported);

/** Why it is not assessed, within a sentence. A failed investigation may have found evidence, of which nothing was concluded. */
export const whyNotAssessed = ({ reports }: RiskAssessment): string =>
  reports.length === 0 ? "nothing was concluded" : "there is no evidence to go by";

/** What is recommended, where anything is. */
export const recommendationOf = (assessment: RiskAssessment | null) =>
  assessment !== null && isAssessed(assessment) ? assessment.recommended_action : null;
