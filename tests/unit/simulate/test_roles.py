"""Everybody has something to do, and what looks bad is done by somebody."""

from appliance.simulate import appliances, benign, quirks
from appliance.simulate.office import Role, hire
from appliance.simulate.roles import HABITS, assign_habits


def test_every_role_has_habits_with_names_of_their_own() -> None:
    assert set(HABITS) == set(Role)
    for habits in assign_habits(hire(40)):
        names = [habit.__name__ for habit in habits]
        assert len(set(names)) == len(names) >= 2  # dice are told apart by them


def test_no_habit_is_forgotten() -> None:
    played = {habit.__name__ for habits in assign_habits(hire(40)) for habit in habits}
    for module in (appliances, benign, quirks):
        for name, made in vars(module).items():
            if getattr(made, "__module__", "") == module.__name__ and not name.startswith("_"):
                assert name in played | {"poll"}


def test_not_every_desktop_is_odd_in_the_same_way() -> None:
    cast = hire(40)
    habits = [
        given
        for member, given in zip(cast, assign_habits(cast), strict=True)
        if member.role is Role.DESKTOP
    ]
    assert len(set(habits)) == 4
