"""Every change that any slice records can be found in words and read as a sentence."""

import ast
from pathlib import Path

from tests.stories.conftest import Night

ROOT = Path(__file__).parents[2]


def recorded_actions() -> dict[str, str]:
    """Each action written as `audit.record(session, "...")` anywhere, with the file that writes it."""
    found: dict[str, str] = {}
    for file in sorted([*ROOT.glob("cogs/**/*.py"), *ROOT.glob("bot/**/*.py")]):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.record" and len(call.args) > 1):
                continue
            action = call.args[1]
            if isinstance(action, ast.Constant):
                found[str(action.value)] = str(file.relative_to(ROOT))
    return found


async def test_every_recorded_action_reads_as_a_sentence(night: Night):
    actions = recorded_actions()
    assert {"dkp.adjusted", "raids.started", "auctions.bid.placed", "loot.awarded"} <= set(actions)
    mute = {action: file for action, file in actions.items() if action not in night.stage.registry.sentences}
    assert not mute, f"register in `setup` how these read (bot.registry.sentences): {mute}"
