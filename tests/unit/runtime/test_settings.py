"""What is wrong with the environment is said in one way by every process."""

import pytest
from pydantic import Field, model_validator

from runtime.settings import ProcessSettings, SettingsInvalid, read_settings


class Settings(ProcessSettings):
    port: int = Field(default=1, ge=1)
    secret: str = Field(default="long enough", min_length=8)
    needed: str

    @model_validator(mode="after")
    def _agree(self) -> "Settings":
        if self.port == 99:
            raise ValueError("PORT 99 needs a SECRET of its own: set another port")
        return self


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(Settings)
    return str(refused.value)


def test_every_wrong_setting_has_its_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(monkeypatch, PORT="0", LOG_FORMAT="xml")
    assert said == (
        "LOG_FORMAT is wrong (Input should be 'text' or 'json'): correct it or unset it. "
        "PORT is wrong (Input should be greater than or equal to 1): correct it or unset it. "
        "NEEDED is not set: set it."
    )


def test_a_refused_value_is_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in refusal(monkeypatch, SECRET="hunter2", NEEDED="x")


def test_settings_that_contradict_are_named_by_their_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, PORT="99", NEEDED="x") == "PORT 99 needs a SECRET of its own: set another port."
