/** Every query key, so that whoever changes something can say what became stale. */
export const keys = {
  cases: ["cases"] as const,
  caseList: (state: string | undefined) => ["cases", "list", state ?? "all"] as const,
  case: (caseId: string) => ["case", caseId] as const,
  caseEvents: (caseId: string) => ["case", caseId, "events"] as const,
  evidence: (caseId: string, evidenceId: string) => ["evidence", caseId, evidenceId] as const,
  config: ["config"] as const,
};
