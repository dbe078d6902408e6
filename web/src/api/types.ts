import type { components, operations } from "./schema";

type Schemas = components["schemas"];

export type Access = Schemas["Access"];
export type AlertSnooze = Schemas["AlertSnooze"];
export type AutonomyBand = Schemas["AutonomyBand"];
export type RuleParameter = Schemas["ParameterField"];
export type RuleSummary = Schemas["RuleSummary"];
export type RuleVersion = Schemas["RuleVersionView"];
export type RuleView = Schemas["RuleView"];
export type RuleDraft = Schemas["NewDraft"];
export type NewAlertSnooze = Schemas["NewSnooze"];
export type Suppression = Schemas["Suppression"];
export type RiskScore = Schemas["RiskScoreView"];
export type ModelView = Schemas["ModelView"];
export type ModelRollBack = Schemas["ModelRollBack"];
export type FeatureDrift = Schemas["FeatureDrift"];
export type ShareFound = Schemas["ShareFound"];
export type BackTest = Schemas["BackTest"];
export type BackTestSummary = Schemas["BackTestSummary"];
export type BackTestResult = Schemas["BackTestResult"];
export type BackTestSources = Schemas["BackTestSources"];
export type BackTestOrder = Schemas["NewBackTest"];
export type ComparedAlerts = Schemas["ComparedAlerts"];
export type DayCounts = Schemas["DayCounts"];
export type Proportion = Schemas["Proportion"];
export type Quality = Schemas["Quality"];
export type RulePrecision = Schemas["RulePrecision"];
export type SuppressionChange = Schemas["SuppressionChange"];
export type Alert = Schemas["Alert"];
export type PublicConfig = Schemas["PublicConfig"];
export type Baseline = Schemas["Baseline"];
export type OpenSession = Schemas["SessionRecord"];
export type SecurityEvent = Schemas["SecurityEvent"];
export type SecurityEventKind = SecurityEvent["kind"];
export type Approval = Schemas["Approval"];
export type Assignment = Schemas["Assignment"];
export type AssignmentMember = Schemas["Member"];
export type AssignmentRules = Schemas["AssignmentRules"];
export type AssignmentSetting = Schemas["AssignmentSetting"];
export type Attachment = Schemas["Attachment"];
export type CaseAlert = Schemas["CaseAlert"];
export type CaseAudited = Schemas["CaseAudited"];
export type CaseEvent = Schemas["CaseEvent"];
export type CasePage = Schemas["CasePage"];
export type CaseProgress = Schemas["CaseProgress"];
export type CaseSummary = Schemas["CaseSummary"];
/** A case of any kind: `kind` says which. */
export type AnyCase = FraudCaseView | ReplyCaseView;
/** What every kind of case has. */
export type CommonCase = Pick<AnyCase, keyof FraudCaseView & keyof ReplyCaseView>;
/** A case about what looks like fraud. */
export type FraudCaseView = Schemas["FraudCaseView"];
export type ChatAnalytics = Schemas["ChatAnalytics"];
export type ChatUser = Schemas["ChatUser"];
export type ConversationTurn = Schemas["ConversationTurn"];
export type ChosenRefund = Schemas["ChosenRefund"];
export type Claim = Schemas["Claim"];
export type Decision = Schemas["Decision"];
export type DeadLetter = Schemas["DeadLetter"];
export type DeadLetterChoice = Schemas["LetterChoice"];
export type DeadLetterCount = Schemas["DeadLetterCount"];
export type TelemetryDeadLetter = Schemas["TelemetryDeadLetter"];
/** Of which source and kind dead letters are listed. */
export type DeadLetterFilter = Omit<
  NonNullable<operations["list_telemetry_dead_letters"]["parameters"]["query"]>,
  "cursor" | "limit"
>;
export type DeskChange = Schemas["DeskChange"];
export type Effect = Schemas["Effect"];
export type EffectOrder = Schemas["EffectOrder"];
export type Evidence = Schemas["Evidence"];
export type Finding = Schemas["Finding"];
export type Identity = Schemas["Identity"];
export type Money = Schemas["Money"];
export type Note = Schemas["Note"];
export type OrchestrationFailed = Schemas["OrchestrationFailed"];
export type Proposal = Schemas["Proposal"];
export type Reversal = Schemas["Reversal"];
export type QueueCounts = Schemas["QueueCounts"];
export type ReviewRequest = Schemas["ReviewRequest"];
export type RiskAssessment = Schemas["RiskAssessment"];
export type ReplyCaseView = Schemas["ReplyCaseView"];
export type Round = Schemas["InvestigatedRound"];
export type SavedView = Schemas["SavedView"];
export type Session = Schemas["SessionInfo"];
export type Hold = Schemas["Hold"];
export type Snooze = Schemas["Snooze"];
export type IssuedSecret = Schemas["IssuedSecret"];
export type NewSubscription = Schemas["NewSubscription"];
export type Subscription = Schemas["Subscription"];
export type SubscriptionChange = Schemas["SubscriptionChange"];
export type SpecialistReport = Schemas["SpecialistReport"];
export type ToolCall = Schemas["ToolCall"];

export type AlertMessage = Schemas["AlertMessage"];
export type CaseMessage = Schemas["CaseMessage"];
export type TurnMessage = Schemas["TurnMessage"];
export type ServiceStatus = Schemas["ServiceStatus"];
export type Schedule = Schemas["Schedule"];
export type Task = Schemas["Task"];
export type TaskOrder = Schemas["TaskOrder"];
export type TaskQuery = Omit<
  NonNullable<operations["list_tasks"]["parameters"]["query"]>,
  "cursor" | "limit"
>;
export type TelemetryBatch = Schemas["TelemetryBatch"];

export type EventName = NonNullable<Subscription["events"]>[number];
export type TurnState = ConversationTurn["state"];
export type CaseKind = CaseSummary["kind"];
export type CaseAction = NonNullable<Decision["action"]>;
export type CaseState = FraudCaseView["state"];
export type CaseOutcome = NonNullable<FraudCaseView["outcome"]>;
export type Disposition = NonNullable<Decision["disposition"]>;
export type RecommendedAction = NonNullable<RiskAssessment["recommended_action"]>;
export type Answer = keyof PublicConfig["required_fields"];
export type RequiredField = PublicConfig["required_fields"][string][number];
export type ReasonCode = PublicConfig["reason_codes"][string][number];
export type Role = Identity["roles"][number];
export type RiskLevel = NonNullable<RiskAssessment["risk_level"]>;
export type Severity = Alert["severity"];
export type Specialist = SpecialistReport["specialist"];
export type SpecialistState = NonNullable<CaseProgress["specialists"]>[string];
export type TelemetryEvent = Alert["trigger_events"][number];

export const SPECIALISTS: readonly Specialist[] = ["usage", "location", "billing"];
export const CASE_STATES: readonly CaseState[] = [
  "investigating",
  "awaiting_review",
  "escalated",
  "acting",
  "closed",
];
