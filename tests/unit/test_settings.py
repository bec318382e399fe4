"""The settings: the environment, read once."""

import pytest

from chalicelib.settings import Settings
from infrastructure.reference import SETTINGS


def test_without_an_environment_the_defaults_hold() -> None:
    assert Settings.from_environ({}) == Settings()


def test_each_setting_is_read_from_the_environment_in_its_own_type() -> None:
    def other(value: str | int | float) -> str | int | float:
        if isinstance(value, bool):
            return not value
        return f"{value}x" if isinstance(value, str) else value + 1

    changed: dict[str, str | int | float] = {
        name: f"{default}x" if isinstance(default, str) else not default if isinstance(default, bool) else default + 1
        for name, default in Settings().as_dict().items()
    }
    environ = {
        f"WARMUP_{name.upper()}": str(value).lower() if value is True or value is False else str(value)
        for name, value in changed.items()
    }
    read = Settings.from_environ({**environ, "PATH": "/bin"}).as_dict()
    assert read == changed
    assert {name: type(value) for name, value in read.items()} == {
        name: type(value) for name, value in Settings().as_dict().items()
    }


@pytest.mark.parametrize("value", ["", "soon", "1.5", "1e3"])
def test_what_is_no_number_stops_the_start_and_is_named(value: str) -> None:
    with pytest.raises(ValueError, match="WARMUP_LEASE_SECONDS"):
        Settings.from_environ({"WARMUP_LEASE_SECONDS": value})


def test_each_setting_has_a_description_and_a_unit_where_it_is_a_number() -> None:
    defaults = Settings().as_dict()
    assert SETTINGS.keys() == defaults.keys()
    assert [name for name, (_, description) in SETTINGS.items() if not description] == []
    assert [name for name, (unit, _) in SETTINGS.items() if not isinstance(defaults[name], str) and not unit] == []
