"""Who cases may be assigned to, and the managers' setting: what a casebook cannot know, the people do."""

from collections.abc import Callable

from backend.auth.identity import Identity
from backend.auth.people import People
from backend.services.errors import NoAssignee, UnfitMember
from casebook.async_api import AsyncDesk
from contracts.assignment import AssignmentRules, AssignmentSetting


class AssignmentService:
    """Checks people against those who can sign in; `on_change` hears of a new setting."""

    def __init__(self, desk: AsyncDesk, people: People, on_change: Callable[[], None]) -> None:
        self._desk = desk
        self._people = people
        self._on_change = on_change

    async def assignee(self, subject: str | None) -> Identity:
        """Who has this subject id and works on cases. Raises NoAssignee."""
        person = None if subject is None else await self._people.find(subject)
        if person is None or not person.may_act_as("analyst"):
            raise NoAssignee([each.subject for each in await self._people.list() if each.may_act_as("analyst")])
        return person

    async def change(self, version: int, rules: AssignmentRules, subject: str) -> AssignmentSetting:
        """Replace the setting of this version. Raises UnfitMember, SettingChanged."""
        for member in rules.members:
            person = await self._people.find(member.subject)
            if person is None or not person.may_act_as(member.role):
                raise UnfitMember(member.subject, member.role, known=person is not None)
        setting = await self._desk.change_assignment(version, rules, subject)
        self._on_change()
        return setting
