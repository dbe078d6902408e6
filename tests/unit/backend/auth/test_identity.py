import pytest

from backend.auth.identity import Identity
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
