"""What an autocomplete may offer."""

from bot.kit.pickers import fitting, rank, rank_keys
from bot.registry import Choice


def test_a_choice_whose_value_is_too_long_for_discord_is_left_out_and_takes_no_place():
    choices = [Choice("all of them", "x" * 101), *(Choice(f"{n} {'y' * 100}", "x" * 100) for n in range(30))]
    offered = fitting(choices)
    assert len(offered) == 25
    assert all(len(choice.name) <= 100 and len(choice.value) <= 100 for choice in offered)


def test_what_starts_with_the_typed_text_comes_before_what_holds_it_and_what_is_near():
    named = [Choice(name, name) for name in ("Ring of Fire", "Fire Axe", "FIRE  helm", "Fir Axe", "Boots")]
    assert [choice.value for choice in rank(" fire", named)] == ["Fire Axe", "FIRE  helm", "Ring of Fire", "Fir Axe"]
    assert rank("", named) == named


def test_of_thousands_no_more_are_offered_than_discord_takes():
    keys = [f"ring {number}" for number in range(5000)]
    assert rank_keys("ring", keys) == list(range(25))
    assert rank_keys("ring 4999", keys)[0] == 4999
