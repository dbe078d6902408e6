"""The errors of the case record.

CasebookError
├── CaseNotFound            404
├── CasePurged              410
├── EvidenceNotFound        404
├── AlertNotFound           404
├── AttachmentNotFound      404
├── SavedViewNotFound       404
├── SharedViewNotFound      404
├── MalformedCursor         422
├── ReviewMismatch          422
├── UnstorableText          422
├── AttachmentTooLarge      413
├── AttachmentNotAsDeclared 422
├── TooManyAttachments      409
├── TooManyNotes            409
├── TooManyReversals        409
├── TooManySavedViews       409
├── TooManySharedViews      409
├── ClaimedByOther          409
├── NotClaimed              409
├── AssignedToOther         409
├── NotAssigned             409
├── AssigneeAway            409
├── AssigneeMayNotDecide    409
├── SettingChanged          409
├── NotSnoozed              409
├── SnoozeTooLong           422
├── SnoozeTooShort          422
├── UnderLegalHold          409
├── EffectNotFound          404
├── ReversalNotFound        404
├── NotAllowed              403
├── ActionOfOtherKind       422
├── NoDisposition           422
├── ReasonMissing           422
├── FieldsMissing           422
├── UnknownReasonCode       422
├── SameRequester           403
├── NothingToReverse        409
├── ReversalExists          409
├── ReversalAlreadyDecided  409
├── SameApprover            403
├── NotTheProposer          403
├── OtherActionProposed     409
├── OtherRefundsProposed    409
├── RefundsRefused          422
│   ├── RefundsNotChosen
│   ├── ChargeChosenTwice
│   ├── ChargeNotSeen
│   └── RefundTooLarge
├── NoProposal              409
├── NothingToTakeBack       409
├── DecisionInEffect        409
├── NotTheDecider           403
├── CaseClosed              409
├── CaseOpen                409
├── NotReopenable           409
├── IllegalMove             409
├── NoOpenReview            409
├── ReviewNotFound          404
├── ReviewSuperseded        409
├── NewEvidence             409
├── AlertsJoined            409
├── ConversationMoved       409
├── TurnNotFound            404
├── ConversationNotFound    404
├── IdempotencyKeyReused    409
├── ConversationFull        409
├── ReplyOnItsWay           409
├── MessageRateExceeded     429
├── TooManyOpenTurns        429
├── DraftNotOnRecord        409
├── TurnEnded               409
├── AlertsCannotMove        409
├── CaseMerged              409  also a CaseClosed
├── AssessmentChanged       409
├── AlreadyDecided          409
├── PartitionTaken          409
├── ModelNotFound           404
├── ModelsChanged           409
├── LearnerChanged          409
├── BackTestNotFound        404
├── BackTestExists          409
├── BackTestEnded           409
├── TooManyBackTests        409
├── RuleVersionNotFound     404
├── RuleChanged             409
├── RuleUnchanged           409
├── TooManyRuleDrafts       409
├── AlertSnoozeExists       409
├── AlertSnoozeNotFound     404
├── AlertSnoozeRefused      422
├── TooManyAlertSnoozes     409
├── SuppressionExists       409
├── SuppressionNotFound     404
├── TooManySuppressions     409
├── ScheduleNotFound        404
├── TaskNotFound            404
├── TaskChanged             412
├── IllegalTaskMove         409
├── TaskKeyReused           409
├── InvalidTask             422
│   ├── FieldNotRemovable
│   ├── LinkedCaseUnknown
│   ├── MalformedDueTime
│   ├── TaskDueInPast
│   ├── TaskDueTooLate
│   ├── TaskLinkedTwice
│   └── UnknownZone
├── SubscriptionNotFound    404
├── SubscriptionChanged     412
├── SecretNotFound          404
├── DeadLetterNotFound      404
├── TooManySubscriptions    409
├── TooManySecrets          409
├── LastSecret              409
├── SequenceAhead           422
├── FieldNotNull            422
├── TransitionRefused       409
│   ├── AssessmentNotRecorded
│   ├── DeadlineNotPassed
│   ├── FactsNotJustified
│   ├── NoAcceptedDecision
│   ├── OtherKind
│   ├── SubjectDiffers
│   ├── TaskChangesUnconfirmed
│   ├── NotApproved
│   ├── NotAsApproved
│   ├── NotAsRequested
│   ├── NotReversible
│   ├── OutcomeNotJustified
│   ├── QuestionNotAsked
│   ├── ReportUnfounded
│   ├── ReportsNotRecorded
│   ├── RoundNotBegun
│   ├── RoundNotJustified
│   ├── UnknownCase
│   └── WeakerQuestion
└── CasebookUnavailable     503
    ├── CasebookUrlInvalid
    ├── CasebookRefused
    ├── CasebookMissing
    ├── CasebookUnwritable
    ├── CasebookFull            recovers once there is space
    ├── CasebookTooSlow         of one read, which was stopped
    ├── CasebookReplaced        recovers once the same file is back
    ├── CasebookForeign
    ├── CasebookEmpty
    ├── CasebookCorrupt
    └── CasebookNewer
"""

from casebook.errors.assignments import (
    AssignedToOther,
    AssigneeAway,
    AssigneeMayNotDecide,
    NotAssigned,
    SettingChanged,
)
from casebook.errors.back_tests import BackTestEnded, BackTestExists, BackTestNotFound, TooManyBackTests
from casebook.errors.base import CasebookError
from casebook.errors.chat import (
    ConversationFull,
    ConversationNotFound,
    DraftNotOnRecord,
    IdempotencyKeyReused,
    MessageRateExceeded,
    ReplyOnItsWay,
    TooManyOpenTurns,
    TurnEnded,
    TurnNotFound,
)
from casebook.errors.database import (
    CasebookCorrupt,
    CasebookEmpty,
    CasebookForeign,
    CasebookFull,
    CasebookMissing,
    CasebookNewer,
    CasebookRefused,
    CasebookReplaced,
    CasebookTooSlow,
    CasebookUnavailable,
    CasebookUnwritable,
    CasebookUrlInvalid,
)
from casebook.errors.decisions import (
    ActionOfOtherKind,
    AlreadyDecided,
    AssessmentChanged,
    ChargeChosenTwice,
    ChargeNotSeen,
    ClaimedByOther,
    DecisionInEffect,
    FieldsMissing,
    NewEvidence,
    NoDisposition,
    NoOpenReview,
    NoProposal,
    NotAllowed,
    NotClaimed,
    NothingToTakeBack,
    NotTheDecider,
    NotTheProposer,
    OtherActionProposed,
    OtherRefundsProposed,
    ReasonMissing,
    RefundsNotChosen,
    RefundsRefused,
    RefundTooLarge,
    ReviewNotFound,
    ReviewSuperseded,
    SameApprover,
    UnknownReasonCode,
)
from casebook.errors.detection import PartitionTaken
from casebook.errors.detection_rules import (
    AlertSnoozeExists,
    AlertSnoozeNotFound,
    AlertSnoozeRefused,
    RuleChanged,
    RuleUnchanged,
    RuleVersionNotFound,
    SuppressionExists,
    SuppressionNotFound,
    TooManyAlertSnoozes,
    TooManyRuleDrafts,
    TooManySuppressions,
)
from casebook.errors.effects import (
    AlertsCannotMove,
    CaseClosed,
    CaseMerged,
    CaseOpen,
    IllegalMove,
    NothingToReverse,
    NotReopenable,
    ReversalAlreadyDecided,
    ReversalExists,
    SameRequester,
)
from casebook.errors.legal_holds import UnderLegalHold
from casebook.errors.lookups import (
    AlertNotFound,
    AttachmentNotAsDeclared,
    AttachmentNotFound,
    AttachmentTooLarge,
    CaseNotFound,
    CasePurged,
    EffectNotFound,
    EvidenceNotFound,
    MalformedCursor,
    ReversalNotFound,
    ReviewMismatch,
    SavedViewNotFound,
    SharedViewNotFound,
    TooManyAttachments,
    TooManyNotes,
    TooManyReversals,
    TooManySavedViews,
    TooManySharedViews,
    UnstorableText,
)
from casebook.errors.risk_score import LearnerChanged, ModelNotFound, ModelsChanged
from casebook.errors.schedules import ScheduleNotFound
from casebook.errors.snoozes import NotSnoozed, SnoozeTooLong, SnoozeTooShort
from casebook.errors.subscriptions import (
    DeadLetterNotFound,
    FieldNotNull,
    LastSecret,
    SecretNotFound,
    SequenceAhead,
    SubscriptionChanged,
    SubscriptionNotFound,
    TooManySecrets,
    TooManySubscriptions,
)
from casebook.errors.tasks import (
    FieldNotRemovable,
    IllegalTaskMove,
    InvalidTask,
    LinkedCaseUnknown,
    MalformedDueTime,
    TaskChanged,
    TaskChangesUnconfirmed,
    TaskDueInPast,
    TaskDueTooLate,
    TaskKeyReused,
    TaskLinkedTwice,
    TaskNotFound,
    UnknownZone,
)
from casebook.errors.transitions import (
    AlertsJoined,
    AssessmentNotRecorded,
    ConversationMoved,
    DeadlineNotPassed,
    FactsNotJustified,
    NoAcceptedDecision,
    NotApproved,
    NotAsApproved,
    NotAsRequested,
    NotReversible,
    OtherKind,
    OutcomeNotJustified,
    QuestionNotAsked,
    ReportsNotRecorded,
    ReportUnfounded,
    RoundNotBegun,
    RoundNotJustified,
    SubjectDiffers,
    TransitionRefused,
    UnknownCase,
    WeakerQuestion,
)

__all__ = [
    "ActionOfOtherKind",
    "AlertNotFound",
    "AlertSnoozeExists",
    "AlertSnoozeNotFound",
    "AlertSnoozeRefused",
    "AlertsCannotMove",
    "AlertsJoined",
    "AlreadyDecided",
    "AssessmentChanged",
    "AssessmentNotRecorded",
    "AssignedToOther",
    "AssigneeAway",
    "AssigneeMayNotDecide",
    "AttachmentNotAsDeclared",
    "AttachmentNotFound",
    "AttachmentTooLarge",
    "BackTestEnded",
    "BackTestExists",
    "BackTestNotFound",
    "CaseClosed",
    "CaseMerged",
    "CaseNotFound",
    "CaseOpen",
    "CasePurged",
    "CasebookCorrupt",
    "CasebookEmpty",
    "CasebookError",
    "CasebookForeign",
    "CasebookFull",
    "CasebookMissing",
    "CasebookNewer",
    "CasebookRefused",
    "CasebookReplaced",
    "CasebookTooSlow",
    "CasebookUnavailable",
    "CasebookUnwritable",
    "CasebookUrlInvalid",
    "ChargeChosenTwice",
    "ChargeNotSeen",
    "ClaimedByOther",
    "ConversationFull",
    "ConversationMoved",
    "ConversationNotFound",
    "DeadLetterNotFound",
    "DeadlineNotPassed",
    "DecisionInEffect",
    "DraftNotOnRecord",
    "EffectNotFound",
    "EvidenceNotFound",
    "FactsNotJustified",
    "FieldNotNull",
    "FieldNotRemovable",
    "FieldsMissing",
    "IdempotencyKeyReused",
    "IllegalMove",
    "IllegalTaskMove",
    "InvalidTask",
    "LastSecret",
    "LearnerChanged",
    "LinkedCaseUnknown",
    "MalformedCursor",
    "MalformedDueTime",
    "MessageRateExceeded",
    "ModelNotFound",
    "ModelsChanged",
    "NewEvidence",
    "NoAcceptedDecision",
    "NoDisposition",
    "NoOpenReview",
    "NoProposal",
    "NotAllowed",
    "NotApproved",
    "NotAsApproved",
    "NotAsRequested",
    "NotAssigned",
    "NotClaimed",
    "NotReopenable",
    "NotReversible",
    "NotSnoozed",
    "NotTheDecider",
    "NotTheProposer",
    "NothingToReverse",
    "NothingToTakeBack",
    "OtherActionProposed",
    "OtherKind",
    "OtherRefundsProposed",
    "OutcomeNotJustified",
    "PartitionTaken",
    "QuestionNotAsked",
    "ReasonMissing",
    "RefundTooLarge",
    "RefundsNotChosen",
    "RefundsRefused",
    "ReplyOnItsWay",
    "ReportUnfounded",
    "ReportsNotRecorded",
    "ReversalAlreadyDecided",
    "ReversalExists",
    "ReversalNotFound",
    "ReviewMismatch",
    "ReviewNotFound",
    "ReviewSuperseded",
    "RoundNotBegun",
    "RoundNotJustified",
    "RuleChanged",
    "RuleUnchanged",
    "RuleVersionNotFound",
    "SameApprover",
    "SameRequester",
    "SavedViewNotFound",
    "ScheduleNotFound",
    "SecretNotFound",
    "SequenceAhead",
    "SettingChanged",
    "SharedViewNotFound",
    "SnoozeTooLong",
    "SnoozeTooShort",
    "SubjectDiffers",
    "SubscriptionChanged",
    "SubscriptionNotFound",
    "SuppressionExists",
    "SuppressionNotFound",
    "TaskChanged",
    "TaskChangesUnconfirmed",
    "TaskDueInPast",
    "TaskDueTooLate",
    "TaskKeyReused",
    "TaskLinkedTwice",
    "TaskNotFound",
    "TooManyAlertSnoozes",
    "TooManyAttachments",
    "TooManyBackTests",
    "TooManyNotes",
    "TooManyOpenTurns",
    "TooManyReversals",
    "TooManyRuleDrafts",
    "TooManySavedViews",
    "TooManySecrets",
    "TooManySharedViews",
    "TooManySubscriptions",
    "TooManySuppressions",
    "TransitionRefused",
    "TurnEnded",
    "TurnNotFound",
    "UnderLegalHold",
    "UnknownCase",
    "UnknownReasonCode",
    "UnknownZone",
    "UnstorableText",
    "WeakerQuestion",
]
