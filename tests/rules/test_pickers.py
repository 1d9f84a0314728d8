"""What an autocomplete may offer."""

from bot.kit.pickers import fitting
from bot.registry import Choice


def test_a_choice_whose_value_is_too_long_for_discord_is_left_out_and_takes_no_place():
    choices = [Choice("all of them", "x" * 101), *(Choice(f"{n} {'y' * 100}", "x" * 100) for n in range(30))]
    offered = fitting(choices)
    assert len(offered) == 25
    assert all(len(choice.name) <= 100 and len(choice.value) <= 100 for choice in offered)
