import pytest

from backend.auth.identity import LOCAL_IDENTITY, Identity
from contracts.review import Role


@pytest.mark.parametrize(
    ("roles", "required", "may"),
    [
        (("viewer",), "analyst", False),
        (("analyst",), "analyst", True),
        (("analyst",), "manager", False),
        (("manager",), "analyst", True),
        (("viewer", "admin"), "manager", True),
        ((), "viewer", False),
    ],
)
def test_a_role_includes_those_below_it(roles: tuple[Role, ...], required: Role, may: bool) -> None:
    assert Identity(subject="s", name="n", roles=roles).may_act_as(required) is may


def test_the_local_user_may_decide_what_was_escalated() -> None:
    assert LOCAL_IDENTITY.may_act_as("manager")
