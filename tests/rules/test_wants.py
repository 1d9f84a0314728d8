"""Who wants a notice: switched off is never, wanted is always, else as the sender says."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot import people


@pytest.mark.parametrize(
    ("muted", "wanted", "by_default", "wants"),
    [
        ([], [], True, True),
        ([], [], False, False),
        ([], ["outbid"], False, True),
        ([], ["won"], False, False),
        (["outbid"], [], True, False),
        (["won"], [], True, True),
        (["outbid"], ["outbid"], True, False),
    ],
)
def test_switched_off_is_never_wanted_is_always_else_it_is_as_the_sender_says(muted, wanted, by_default, wants):
    member = cast(Any, SimpleNamespace(muted=muted, wanted=wanted))
    assert people.wants(member, "outbid", by_default) is wants
