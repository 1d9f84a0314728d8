"""Every machine resolves the same: direct versions and constraints are exact, and are what uv resolves."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_EXACT = re.compile(r"^(?P<name>[\w.-]+)(\[[\w,]+\])?==(?P<version>[\w.]+)(\s*;.*)?$")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pinned(requirements: list[str]) -> dict[str, str]:
    """name -> version; fails on anything but an exact version."""
    found = {}
    for requirement in requirements:
        match = _EXACT.match(requirement)
        assert match, f"{requirement!r} is not pinned exactly"
        assert normal(match["name"]) not in found, f"{requirement!r} stands there twice"
        found[normal(match["name"])] = match["version"]
    return found


def direct(project: dict[str, Any]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for requirements in (project["project"]["dependencies"], *project["dependency-groups"].values()):
        for name, version in pinned(requirements).items():
            assert wanted.setdefault(name, version) == version, f"{name} is pinned to two versions"
    return wanted


@pytest.fixture(scope="module")
def resolved() -> dict[str, str]:
    """What uv resolved for every Python and platform: name -> version, our own package left out."""
    lock = ROOT / "uv.lock"
    if not lock.exists():
        subprocess.run(["uv", "lock"], cwd=ROOT, check=True, capture_output=True)
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    found: dict[str, str] = {}
    for package in packages:
        if package["name"] == "quartermaster":
            continue
        assert package["name"] not in found, f"{package['name']} has two versions, by Python or platform"
        found[package["name"]] = package["version"]
    return found


def test_direct_versions_are_what_uv_resolves(project: dict[str, Any], resolved: dict[str, str]) -> None:
    for name, version in direct(project).items():
        assert resolved[name] == version, name


def test_constraints_name_exactly_what_the_direct_ones_bring(project: dict[str, Any], resolved: dict[str, str]) -> None:
    constraints = pinned(project["tool"]["uv"]["constraint-dependencies"])
    assert constraints == {name: version for name, version in resolved.items() if name not in direct(project)}


def test_the_build_is_pinned_and_names_the_packages(project: dict[str, Any]) -> None:
    pinned(project["build-system"]["requires"])
    pinned(project["tool"]["uv"]["build-constraint-dependencies"])
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["bot", "cogs", "db"]


def test_production_leaves_the_demos_and_the_tests_libraries_out(project: dict[str, Any]) -> None:
    assert set(project["tool"]["uv"]["default-groups"]) == set(project["dependency-groups"]) == {"demo", "dev"}
    ours = pinned(project["project"]["dependencies"])
    assert ours.keys().isdisjoint({"simcord", "pytest", "hypothesis", "ruff", "pyright", "import-linter"})
