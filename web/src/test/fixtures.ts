import type {
  Alert,
  CaseAlert,
  CaseEvent,
  CaseSummary,
  ChatUser,
  ConversationTurn,
  FraudCaseView,
  Identity,
  PublicConfig,
  ReplyCaseView,
  RiskAssessment,
  ServiceStatus,
  Session,
  SpecialistReport,
  Subscription,
  Task,
} from "@/api/types";

const HASH = `sha256:${"a".repeat(64)}`;
export const OTHER_HASH = `sha256:${"b".repeat(64)}`;

export const config: PublicConfig = {
  version: "0.1.0",
  auth_mode: "local",
  auto_clear_threshold: 0.6,
  decision_hold_seconds: 0,
  approval_timeout_hours: 72,
  max_review_attempts: 3,
  model: "casewright-rules-1",
  model_badge: "Rules model.",
  telemetry_source: "none",
  required_fields: {},
  reason_codes: {
    confirmed_fraud: ["account_takeover", "stolen_card", "sim_swap", "service_abuse", "other_fraud"],
    false_positive: [
      "customer_travelling",
      "customer_confirmed",
      "known_device",
      "expected_use",
      "faulty_data",
    ],
    inconclusive: ["evidence_missing", "evidence_conflicts", "customer_unreachable"],
  },
};

/** Scheduler and workers are running. */
export const atWork: ServiceStatus = {
  scheduler_away_since: null,
  hub_taken_since: null,
  worker_away_since: null,
  not_begun_since: null,
  not_begun: 0,
};

export const ana: Identity = { subject: "ana", name: "Ana", roles: ["analyst"], scopes: [] };
export const ben: Identity = { subject: "ben", name: "Ben", roles: ["analyst"], scopes: [] };
export const maria: Identity = { subject: "maria", name: "Maria", roles: ["manager"], scopes: [] };
export const vera: Identity = { subject: "vera", name: "Vera", roles: ["viewer"], scopes: [] };
export const alex: Identity = { subject: "alex", name: "Alex", roles: ["admin"], scopes: [] };
export const people: Identity[] = [vera, ana, ben, maria];

export const session = (identity: Identity | null): Session => ({
  identity,
  auth_mode: "local",
  personas: people,
});

export const alert = (over: Partial<Alert> = {}): Alert => ({
  alert_id: "impossible_travel-42-20261121t080000z",
  customer_id: 42,
  alert_type: "impossible_travel",
  rule_id: "impossible_travel",
  rule_version: 1,
  severity: "high",
  description: "Login from Lagos 30 minutes after one from Berlin.",
  raised_at: "2026-11-21T08:00:00Z",
  trigger_events: [],
  recent_events: [],
  baseline: null,
  source: "live",
  trimmed: null,
  ...over,
});

export const assessment = (over: Partial<RiskAssessment> = {}): RiskAssessment => ({
  round: 1,
  overall_risk_score: 0.87,
  risk_level: "high",
  recommended_action: "lock_account",
  model_recommendation: null,
  reasoning: "Two of three specialists see a takeover.",
  reports: [
    report({
      findings: [
        { statement: "New country.", evidence_ids: ["e-1"], unsupported: false, unsupported_reason: null },
      ],
    }),
  ],
  refund_charge_ids: [],
  route: "review",
  route_reasons: ["The overall score 0.87 is not below 0.60."],
  quality_check: false,
  evidence_hash: HASH,
  model: "casewright-rules-1",
  tokens: 812,
  duration_ms: 1_400,
  reasoning_unsupported_reason: null,
  refund_total: null,
  model_host: null,
  prompt_version: null,
  spend: null,
  ...over,
});

export const report = (over: Partial<SpecialistReport> = {}): SpecialistReport => ({
  specialist: "location",
  round: 1,
  status: "ok",
  reason: null,
  risk_score: 0.9,
  findings: [],
  suspicious_charge_ids: [],
  tool_calls: [],
  model: "casewright-rules-1",
  tokens: 540,
  duration_ms: 2_300,
  model_host: null,
  prompt_version: null,
  spend: null,
  feedback_answer: null,
  trimmed: null,
  ...over,
});

/** The alert that opened a case, or another that joined it. */
export const caseAlert = (over: Partial<CaseAlert> = {}): CaseAlert => ({
  alert: alert(),
  case_id: "case-impossible_travel-42-20261121t080000z",
  recorded_at: "2026-11-21T08:00:00Z",
  recorded_by: null,
  round: 1,
  moved_to: null,
  ...over,
});

/** What the pages of all kinds have alike, in the first round. */
const awaitingDecision = {
  state: "awaiting_review" as const,
  round: 1,
  decisions: [],
  earlier_rounds: [],
  outcome: null,
  opened_at: "2026-11-21T08:00:00Z",
  updated_at: "2026-11-21T08:00:10Z",
  last_seq: 10,
  claim: null,
  assignment: null,
  snooze: null,
  legal_hold: null,
  proposal: null,
  hold: null,
  opened_by: null,
  spend: null,
};

/** A case whose first round awaits a decision. */
export const caseView = (over: Partial<FraudCaseView> = {}): FraudCaseView => ({
  ...awaitingDecision,
  case_id: "case-impossible_travel-42-20261121t080000z",
  kind: "fraud",
  alert: alert(),
  alerts: [caseAlert()],
  follows: null,
  followed_by: [],
  merged_into: null,
  progress: {
    phase: "awaiting_review",
    round: 1,
    specialists: { usage: "ok", location: "ok", billing: "ok" },
    score: 0.87,
    outcome: null,
  },
  reports: [],
  assessment: assessment(),
  review: review(1),
  effects: [],
  reversals: [],
  also_locked_by: [],
  other_locks: [],
  ...over,
});

export const replyCase = (over: Partial<ReplyCaseView> = {}): ReplyCaseView => ({
  ...awaitingDecision,
  case_id: "case_reply-turn-1",
  kind: "reply",
  subject: {
    turn_id: "turn-1",
    user_id: "bob",
    customer_id: null,
    message: "This is urgent!",
    received_at: "2026-11-21T08:00:00Z",
    flagged_because: ["The message says 'urgent'."],
  },
  draft: { round: 1, text: "We are on it.", model: "casewright-rules-1" },
  edited: null,
  progress: { phase: "awaiting_review", round: 1, specialists: {}, score: null, outcome: null },
  review: review(1),
  ...over,
});

export const review = (round: number, hash = HASH): NonNullable<FraudCaseView["review"]> => ({
  review_id: `case-impossible_travel-42-20261121t080000z:r${round}`,
  assessment_hash: hash,
  opened_at: "2026-11-21T08:00:10Z",
  due_at: "2026-11-24T08:00:10Z",
  required_role: "analyst",
  approvals_required: 1,
  four_eyes_actions: null,
  remind_at: null,
});

export const summary = (number: number, over: Partial<CaseSummary> = {}): CaseSummary => ({
  case_id: `case-${number}`,
  kind: "fraud",
  alert_id: `${number}`,
  customer_id: number,
  alert_type: "spending_spike",
  severity: "medium",
  description: "Spending spike.",
  source: "live",
  state: "awaiting_review",
  round: 1,
  risk_score: 0.7,
  risk_level: "high",
  outcome: null,
  alert_count: 1,
  due_at: null,
  opened_at: `2026-11-21T08:${String(number).padStart(2, "0")}:00Z`,
  updated_at: "2026-11-21T09:00:00Z",
  last_seq: number,
  rule_id: "spending_spike",
  recommended_action: "lock_account",
  review: review(1),
  claim: null,
  assignment: null,
  snooze: null,
  legal_hold: null,
  proposal: null,
  hold: null,
  disposition: null,
  reversed: [],
  ...over,
});

export const caseEvent = (over: Partial<CaseEvent> = {}): CaseEvent => ({
  seq: 11,
  case_id: "case-impossible_travel-42-20261121t080000z",
  type: "specialist_started",
  at: "2026-11-21T08:00:02Z",
  actor: "agent:usage",
  data: { specialist: "usage", round: 1 },
  prev_hash: null,
  hash: HASH,
  ...over,
});

export const chatUser = (over: Partial<ChatUser> = {}): ChatUser => ({
  user_id: "bob",
  customer_id: null,
  linked_by: null,
  linked_at: null,
  turns: 3,
  last_message_at: "2026-11-21T08:00:00Z",
  ...over,
});

export const conversationTurn = (number: number, over: Partial<ConversationTurn> = {}): ConversationTurn => ({
  turn_id: `turn-${number}`,
  user_id: "bob",
  state: "sent",
  received_at: "2026-11-21T08:00:00Z",
  reply: `Reply ${number}`,
  replied_at: "2026-11-21T08:00:05Z",
  metadata: {},
  tags: [],
  position: number,
  message: `Message ${number}`,
  reviewed: false,
  round: 1,
  case_id: null,
  ...over,
});

export const subscription = (over: Partial<Subscription> = {}): Subscription => ({
  subscription_id: "sub-1",
  revision: 4,
  url: "https://example.com/events",
  description: "The data warehouse",
  events: ["CaseClosed", "TaskOverdue"],
  state: "active",
  paused_because: null,
  secrets: [{ secret_id: "sec-1", created_at: "2026-11-20T08:00:00Z" }],
  created_by: "alex",
  created_at: "2026-11-20T08:00:00Z",
  changed_at: "2026-11-20T08:00:00Z",
  progress: {
    handled: 1_200,
    newest: 1_200,
    waiting: 0,
    dead_letters: 0,
    retry_at: null,
    last_fault: null,
    delivered_at: "2026-11-21T08:00:00Z",
  },
  ...over,
});

export const task = (number: number, over: Partial<Task> = {}): Task => ({
  task_id: `task-${number}`,
  revision: 1,
  state: "open",
  title: `Task ${number}`,
  notes: null,
  assignee: "ana",
  due: { local: "2026-11-30T09:00:00", zone: "Asia/Tokyo", at: "2026-11-30T00:00:00Z" },
  is_overdue: false,
  case_id: null,
  customer_id: null,
  created_by: "ana",
  turn_id: null,
  created_at: "2026-11-21T08:00:00Z",
  changed_at: "2026-11-21T08:00:00Z",
  completed_at: null,
  ...over,
});
