"""The page of operations says of every table until when it is kept."""

import re
from pathlib import Path

import casebook.schema
from backend.retention_settings import RetentionSettings
from casebook.schema.base import Base

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
SECTION = PAGE.split("## Retention\n")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| (`[a-z_`, ]+`) \|", SECTION, flags=re.MULTILINE)


def test_every_table_says_until_when_it_is_kept() -> None:
    said = [name for row in ROWS for name in re.findall(r"`(\w+)`", row)]
    assert casebook.schema.__all__
    assert sorted(said) == sorted(Base.metadata.tables)


def test_every_age_is_on_the_page_with_its_default() -> None:
    fields = RetentionSettings.model_fields
    for name in (each for each in fields if each.startswith("keep_")):
        assert f"| `{name.upper()}` | `{fields[name].default}` |" in SECTION
