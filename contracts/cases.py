"""A case of any kind, as its page shows it."""

from typing import Annotated, TypeAlias

from pydantic import Field

from contracts.fraud_case import FraudCaseView, InvestigatedRound
from contracts.reply import DraftedRound, ReplyCaseView

AnyCaseView: TypeAlias = Annotated[FraudCaseView | ReplyCaseView, Field(discriminator="kind")]
AnyRound: TypeAlias = InvestigatedRound | DraftedRound
