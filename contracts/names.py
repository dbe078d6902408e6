"""Names in orchestration histories and in the case log. Never reuse or rename one: open cases contain them."""

from typing import Literal

# Orchestrations
INVESTIGATION = "investigation"
INVESTIGATION_VERSION = "1.0"
"""Given to every investigation that is scheduled. Raised when a release changes what a history must contain."""

REVERSAL = "reversal"
REVERSAL_VERSION = "1.0"

CHAT_TURN = "chat_turn"
CHAT_TURN_VERSION = "1.0"

TASK_REMINDER = "task_reminder"
TASK_REMINDER_VERSION = "1.0"

COUNT_RESET = "count_reset"
COUNT_RESET_VERSION = "1.0"

HUB_OWNER = "hub_owner"
HUB_OWNER_VERSION = "1.0"
HUB_OWNER_INSTANCE = "casewright-hub-owner"
"""The one orchestration of a task hub whose input says which casebook the hub works for."""

# Activities
START_CASE = "start_case"
START_ROUND = "start_round"
RUN_SPECIALIST = "run_specialist"
RECORD_REPORT = "record_report"
ASSESS_RISK = "assess_risk"
ASSESS_WITHOUT_MODEL = "assess_without_model"
ASK_PERSON = "ask_person"
READ_DECISION = "read_decision"
REMIND_REVIEW = "remind_review"
ESCALATE_TO_MANAGER = "escalate_to_manager"
EXPIRE_REVIEW = "expire_review"
CHECK_FACTS = "check_facts"
NOTE_CHANGED_FACTS = "note_changed_facts"
EXECUTE_ACTION = "execute_action"
RECONCILE_ACTION = "reconcile_action"
EXECUTE_REVERSAL = "execute_reversal"
RECONCILE_REVERSAL = "reconcile_reversal"
CLOSE_CASE = "close_case"
DRAFT_REPLY = "draft_reply"
SEND_REPLY = "send_reply"
FOLLOW_DECISION = "follow_decision"
GIVE_UP_TURN = "give_up_turn"
TELL_OVERDUE = "tell_overdue"
RESET_COUNTS = "reset_counts"

# What a step answers that the record refuses
ALERTS_JOINED = "alerts-joined"
"""Alerts joined the case that no round has investigated."""

CONVERSATION_MOVED = "conversation-moved"
"""The customer wrote again before anybody had decided about the reply: another draft comes first."""

CASE_MERGED = "case-merged"
"""The case has become a part of another one: its orchestration is over."""

# Entities and their operations
FRAUD_ANALYSIS_AGENT = "FraudAnalysisAgent"
REMEMBER_ROUND = "remember_round"
REMEMBER_FEEDBACK = "remember_feedback"


def analyst_decision(round_number: int) -> str:
    """The external event of one review round: it wakes the case, which then reads what was decided on record."""
    return f"AnalystDecision:{round_number}"


CaseEventType = Literal[
    "case_opened",
    "alert_joined",
    "alert_detached",
    "case_merged",
    "case_unmerged",
    "conversation_moved",
    "texts_erased",
    "round_started",
    "specialist_started",
    "specialist_finished",
    "assessed",
    "review_opened",
    "review_reminded",
    "approval_given",
    "approval_withdrawn",
    "decision_accepted",
    "decision_withdrawn",
    "hold_ended",
    "escalated",
    "review_expired",
    "effect_started",
    "effect_finished",
    "facts_changed",
    "orchestration_failed",
    "case_closed",
    "case_reopened",
    "claimed",
    "claim_released",
    "claim_taken_over",
    "assigned",
    "snoozed",
    "snooze_ended",
    "legal_hold_placed",
    "legal_hold_lifted",
    "note_added",
    "attachment_added",
    "reversal_requested",
    "reversal_decided",
    "reversal_started",
    "reversal_finished",
]
"""What can happen to a case: first what the investigation does, in its usual order, then what people do to it."""
