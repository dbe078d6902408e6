/** All query keys, so that a mutation can invalidate what it changes. */
export const keys = {
  cases: ["cases"] as const,
  /** All pages of all lists; a page's key continues with its query and its cursor. */
  caseLists: ["cases", "list"] as const,
  casePage: (query: unknown, cursor: string | null) => ["cases", "list", query, cursor] as const,
  caseCounts: ["cases", "counts"] as const,
  viewCounts: ["cases", "view-count"] as const,
  viewCount: (query: unknown) => ["cases", "view-count", query] as const,
  views: ["views"] as const,
  case: (caseId: string) => ["case", caseId] as const,
  preview: (caseId: string, reviewId: string, order: unknown) =>
    ["case", caseId, "preview", reviewId, order] as const,
  caseEvents: (caseId: string) => ["case", caseId, "events"] as const,
  caseMilestones: (caseId: string) => ["case", caseId, "milestones"] as const,
  caseAudit: (caseId: string) => ["case", caseId, "audit"] as const,
  notes: (caseId: string) => ["case", caseId, "notes"] as const,
  attachments: (caseId: string) => ["case", caseId, "attachments"] as const,
  /** Not below the case: live events say nothing about who saw it. */
  caseAccesses: (caseId: string) => ["accesses", caseId] as const,
  evidence: (caseId: string, evidenceId: string) => ["evidence", caseId, evidenceId] as const,
  alertDrawings: (caseId: string, alertId: string) => ["alert-drawings", caseId, alertId] as const,
  /** Not below the cases: what changes rarely. */
  assignment: ["assignment"] as const,
  deskLog: ["desk-log"] as const,
  /** All lists of open sessions. */
  sessions: ["sessions"] as const,
  sessionList: (whose: string) => ["sessions", whose] as const,
  securityLog: (filter: unknown) => ["security-log", filter] as const,
  /** All users who write to the assistant, and below it one conversation with all that was loaded of it. */
  users: ["users"] as const,
  userList: (startsWith: string) => ["users", "list", startsWith] as const,
  conversation: (userId: string) => ["conversation", userId] as const,
  conversationSearch: (userId: string, search: string) => ["conversation", userId, search] as const,
  messageCount: (userId: string) => ["conversation", userId, "count"] as const,
  analytics: (days: number) => ["analytics", days] as const,
  schedules: ["schedules"] as const,
  /** All lists of tasks. */
  tasks: ["tasks"] as const,
  taskList: (query: unknown) => ["tasks", "list", query] as const,
  /** All subscriptions, and below it the dead letters of each. */
  subscriptions: ["subscriptions"] as const,
  subscriptionList: ["subscriptions", "list"] as const,
  deadLetters: (subscriptionId: string) => ["subscriptions", "dead-letters", subscriptionId] as const,
  /** Telemetry that was not evaluated, and below it the lists and the counts. */
  telemetryDeadLetters: ["telemetry-dead-letters"] as const,
  telemetryDeadLetterList: (filter: unknown) => ["telemetry-dead-letters", "list", filter] as const,
  telemetryDeadLetterCounts: ["telemetry-dead-letters", "counts"] as const,
  /** Rules of detection, and below it the list, each rule, and what is not reported. */
  detection: ["detection"] as const,
  ruleList: ["detection", "rules"] as const,
  rule: (ruleId: string) => ["detection", "rule", ruleId] as const,
  alertSnoozes: ["detection", "snoozes"] as const,
  suppressions: ["detection", "suppressions"] as const,
  riskScore: ["detection", "score"] as const,
  /** Not below detection: whoever changes a rule need not wait for what was found by it before. */
  backTestSources: ["lab", "sources"] as const,
  backTestList: (ruleId: string) => ["lab", "back-tests", ruleId] as const,
  backTest: (backTestId: string) => ["lab", "back-test", backTestId] as const,
  rulePrecision: (ruleId: string) => ["lab", "precision", ruleId] as const,
  config: ["config"] as const,
  service: ["service"] as const,
  session: ["session"] as const,
  people: ["people"] as const,
  rules: ["rules"] as const,
};
