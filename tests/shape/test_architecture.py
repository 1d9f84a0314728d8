"""The house rules that no import contract sees: sizes, names, guarded doors. A forgotten guard is a failing test."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from discord import ui

from bot.kit import components
from bot.kit.components import Form, Pick, Press
from bot.permissions import CAPABILITIES
from bot.stage import UseCase
from tests.shape.reach import classes_of, is_a_door, opens_a_form, reaches, use_cases

ROOT = Path(__file__).parents[2]
LONGEST = 400
NAMELESS = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}
"""Names that say nothing about what is inside."""
GUARDED_BASES = (Press, Pick, Form)
GUARDS = {"callback", "on_submit", "interaction_check", "from_custom_id", "on_error", "on_timeout", "dispatch"}
"""What discord.py calls, and the kit has guarded."""


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


# -- sizes and names ---------------------------------------------------------------------------------------------------


def test_no_file_is_longer_than_a_reader_likes() -> None:
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources("bot", "cogs", "db")}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_no_module_or_class_has_a_name_that_says_nothing() -> None:
    wrong = []
    for path in sources("bot", "cogs", "db", "migrations", "tests"):
        words = re.split(r"[_/.]", shown(path))
        classes = [node.name for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
        for name in classes:
            words += [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
        wrong += [f"{shown(path)}: {word}" for word in words if word in NAMELESS]
    assert wrong == []


def test_a_slice_consists_of_the_files_every_slice_has() -> None:
    """Beside them only what its own rules or service are too long for, named by what a reader would look for."""
    for folder in (ROOT / "cogs").iterdir():
        if folder.is_dir() and (folder / "__init__.py").exists() and folder.name != "demo":
            text = (folder / "__init__.py").read_text(encoding="utf-8")
            assert text.startswith('"""'), f"{folder.name}: one paragraph about the idea, the states, the invariants"
            assert "async def setup(" in text, folder.name


def test_the_tree_names_no_package_registry() -> None:
    """Which one is asked is the machine's business: mirrors, proxies and offline wheels must all do."""
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    ]
    hosts += [".".join(parts) for parts in (("crates", "io"), ("rubygems", "org"), ("anaconda", "org"))]
    ours = [
        *ROOT.glob("*.*"),
        *ROOT.glob(".ci/*"),
        *ROOT.glob(".github/**/*"),
        ROOT / ".env.example",
        ROOT / ".gitignore",
    ]
    ours += [path for folder in ("bot", "cogs", "db", "migrations", "tests") for path in (ROOT / folder).rglob("*")]
    named = []
    for path in ours:
        if path.is_file() and path.name != "uv.lock" and path.suffix not in (".pyc", ".png"):
            text = path.read_text(encoding="utf-8", errors="ignore")
            named += [f"{shown(path)}: {host}" for host in hosts if host in text]
    assert named == []


def test_the_wheel_takes_every_package_and_the_top_level_is_the_fixed_one() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests"} == {"bot", "cogs", "db"}


# -- guarded doors -----------------------------------------------------------------------------------------------------


def test_every_button_select_and_form_of_a_slice_is_a_guarded_one() -> None:
    for kind in classes_of((ui.Item, ui.Modal)):
        assert issubclass(kind, GUARDED_BASES), f"{kind.__module__}.{kind.__name__} is not guarded by the kit"


def test_no_slice_goes_round_the_guards_of_the_kit() -> None:
    for kind in classes_of((ui.Item, ui.Modal, ui.View, ui.LayoutView)):
        own = GUARDS & vars(kind).keys()
        assert not own, f"{kind.__module__}.{kind.__name__} overrides {own}: the guard would not run"


def test_no_slice_answers_an_interaction_past_its_door() -> None:
    """`Door` says, updates and opens forms in time and once; the bare response does none of it."""
    wrong = []
    for path in sources("cogs"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in ("response", "followup"):
                wrong.append(f"{shown(path)}:{node.lineno} uses .{node.attr}")
            if (
                isinstance(node, ast.Attribute)
                and node.attr in ("callback", "interaction_check")
                and isinstance(node.ctx, ast.Store)
            ):
                wrong.append(f"{shown(path)}:{node.lineno} sets .{node.attr}")
    assert [line for line in wrong if "cogs/demo" not in line] == []


def test_no_slice_makes_a_bare_button_or_select() -> None:
    """A link or a dead button may be bare: nobody's press of it reaches us."""
    wrong = []
    for path in sources("cogs"):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).split("[")[0].rpartition(".")
            bare = called[2] in {
                "Button",
                "Select",
                "UserSelect",
                "RoleSelect",
                "ChannelSelect",
                "Modal",
                "button",
                "select",
            }
            dead = {keyword.arg for keyword in node.keywords} & {"url", "disabled"}
            if bare and called[0] in ("ui", "discord.ui") and not dead:
                wrong.append(f"{shown(path)}:{node.lineno}: {ast.unparse(node)[:60]}")
    assert [line for line in wrong if not line.startswith("cogs/demo")] == []


def test_the_kits_own_callbacks_run_under_the_guard() -> None:
    """The test of the tests above: whatever overrides a guard's name in the kit calls `guarded`."""
    found = 0
    for path in sources("bot/kit"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.AsyncFunctionDef) and node.name in ("callback", "on_submit", "take"):
                body = ast.get_source_segment(text, node) or ""
                found += 1
                assert "guarded(" in body or "self.take(" in body, f"{shown(path)}:{node.lineno} {node.name}"
    assert found >= 5
    assert components.guarded.__module__ == "bot.kit.door"


def of_kind(base: type) -> list[type]:
    return [kind for kind in classes_of(base) if kind.__module__.startswith("cogs.")]


def test_every_press_pick_and_form_reaches_a_use_case_or_a_read() -> None:
    acts = {Press: "press", Pick: "pick", Form: "submit"}
    looked_at = 0
    for base, name in acts.items():
        for kind in of_kind(base):
            act = getattr(kind, name)
            looked_at += 1
            reached = reaches(act, is_a_door) or (base is not Form and opens_a_form(act))
            assert reached, (
                f"{kind.__module__}.{kind.__name__}.{name} checks no capability: call a use case or stage.read"
            )
    assert looked_at >= 20


def test_a_press_that_asks_nobody_would_be_found() -> None:
    async def press(self: Press, door: object, raid_id: int) -> None:
        await door.say("done")  # type: ignore[attr-defined]

    press.__module__ = "cogs.raids.views"
    assert not reaches(press, is_a_door)


def test_no_two_buttons_or_selects_take_the_same_press() -> None:
    kinds = [*of_kind(Press), *of_kind(Pick)]
    patterns = {kind: kind.__discord_ui_compiled_template__ for kind in kinds}  # type: ignore[attr-defined]
    for kind in kinds:
        sample = ":".join((f"qm:{kind.key}", *("1" for _ in kind.numbers)))  # type: ignore[attr-defined]
        takers = [other.__qualname__ for other, pattern in patterns.items() if pattern.fullmatch(sample)]
        assert takers == [kind.__qualname__], sample


def test_no_two_forms_share_a_key() -> None:
    keys = [kind.key for kind in of_kind(Form)]  # type: ignore[attr-defined]
    assert sorted(keys) == sorted(set(keys))
    assert set(keys) <= Form.known.keys()


# -- use cases ---------------------------------------------------------------------------------------------------------


def test_every_capability_a_use_case_asks_for_is_in_the_table() -> None:
    asked = {case.name: case.capability for case in use_cases()}
    assert len(asked) >= 20
    assert {name: word for name, word in asked.items() if word is not None and word not in CAPABILITIES} == {}


@pytest.mark.parametrize("case", list(use_cases()), ids=lambda case: case.name)
def test_a_use_case_without_a_capability_of_its_own_asks_inside(case: UseCase[..., Any]) -> None:
    """`use_case(None)` is for what depends on the case (own or others'), or for what only the clock does."""
    assert case.answer is not None  # what a repeated interaction is answered can be stored
    if case.capability is None:
        body = inspect.getsource(case.join)
        asks = "session.require(" in body or "session.actor.user_id is None" in body
        assert asks, f"{case.name} is open to everybody: name a capability, or ask for one inside"
