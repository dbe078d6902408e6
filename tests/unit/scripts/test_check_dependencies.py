from collections.abc import Callable
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from scripts.check_dependencies import refused_licences

MakePackage = Callable[[str], Distribution]


@pytest.fixture
def package(tmp_path: Path) -> MakePackage:
    def make(metadata: str) -> Distribution:
        folder = tmp_path / "example-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.4\nName: example\nVersion: 1.0\n" + metadata)
        return Distribution.at(folder)

    return make


@pytest.mark.parametrize(
    "metadata",
    [
        "License-Expression: MIT\n",
        "License-Expression: Apache-2.0 OR BSD-2-Clause\n",
        "Classifier: License :: OSI Approved :: MIT License\n",
        "License: BSD 3-Clause\n",
    ],
)
def test_a_permissive_licence_is_allowed(package: MakePackage, metadata: str) -> None:
    assert refused_licences([package(metadata)]) == []


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "License-Expression: AGPL-3.0-only\n",
        "License-Expression: MIT AND GPL-2.0-only\n",
        "License: Proprietary\n",
        "Classifier: License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)\n",
    ],
)
def test_an_unknown_or_copyleft_licence_is_named(package: MakePackage, metadata: str) -> None:
    (line,) = refused_licences([package(metadata)])
    assert line.startswith("example: licence ")
