"""The import rules of pyproject.toml: kept by the tree, and able to notice when they are not."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOORS = ("cog", "views", "jobs")


def lint(tree: Path) -> tuple[int, str]:
    """import-linter's exit status and report for a tree."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(
        [*command, "--no-cache"], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def contracts() -> list[dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The tree, to be spoiled."""
    for name in ("bot", "cogs", "db"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_the_import_rules() -> None:
    status, report = lint(ROOT)
    assert status == 0, report


@pytest.mark.parametrize(
    ("module", "line", "reason"),
    [
        ("bot/due.py", "import cogs.dkp", "the stage knows no feature"),
        ("db/scope.py", "import bot.stage", "cogs -> bot -> db"),
        ("db/scope.py", "import discord", "db knows no Discord"),
        ("cogs/dkp/cog/looking.py", "import cogs.raids.service", "A slice calls only slices below it"),
        ("cogs/dkp/rules/__init__.py", "import cogs.dkp.cog", "Inside a slice"),
        ("cogs/dkp/rules/__init__.py", "import sqlalchemy", "Rules are pure"),
        ("cogs/auctions/cog/starting.py", "import cogs.raids.cog", "Other slices call the service of raids"),
    ],
)
def test_a_forbidden_import_is_refused_with_its_reason(copy: Path, module: str, line: str, reason: str) -> None:
    spoiled = copy / module
    spoiled.write_text(spoiled.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    status, report = lint(copy)
    assert status == 1, report
    broken = " ".join(report.split())
    assert "BROKEN" in broken
    assert reason in broken


def test_every_door_of_every_slice_is_kept_from_the_other_slices() -> None:
    """A new slice must be named in pyproject.toml, in the order of slices and with its own doors."""
    guarded = {name for contract in contracts() for name in contract.get("protected_modules", [])}  # type: ignore[attr-defined]
    there = {
        f"cogs.{folder.name}.{door}"
        for folder in (ROOT / "cogs").iterdir()
        for door in DOORS
        if (folder / f"{door}.py").exists() or (folder / door / "__init__.py").exists()
    }
    assert guarded == there


def test_every_contract_says_why() -> None:
    for contract in contracts():
        assert ":" in str(contract["name"]), contract["name"]
