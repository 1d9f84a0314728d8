"""Who may do what: every capability for every standing, read off a table written independently of the code's."""

import pytest

from bot import permissions
from bot.permissions import BADGE, CAPABILITIES, GROUPS, MANAGE_SERVER, NEWCOMER, allowed, group_of, standings

# One line a capability, one column a standing: d(eveloper) o(fficer) r(ecruiter) m(ember) a(pplicant) g(uest),
# B the badge raid_leader, N newcomer (nothing mapped, no Manage Server), S Manage Server alone.
WHO_MAY = """
settings.setup     ........S
settings.roles     ........S
settings.permissions ........S
settings.edit      do.......
settings.view      do.......
characters.own     dorma..N.
characters.manage  .o.......
characters.view    dorma..N.
characters.claim   dormag.N.
members.link       .o.......
me.own             dormag.N.
raids.manage       .o....B..
raids.cancel       .o.......
raids.check_in     dorma..N.
raids.view         dorma..N.
raids.claim        dorma..N.
attendance.view    dorma..N.
attendance.export  .o.......
dkp.view           dorma..N.
dkp.adjust         .o.......
dkp.undo           .o.......
dkp.decay          .o.......
dkp.transfer       dorm...N.
dkp.export         .o.......
dkp.import         .o.......
pools.manage       .o.......
auctions.manage    .o....B..
auctions.bid       dorm...N.
auctions.view      dorma..N.
loot.view          dorma..N.
loot.award         .o....B..
loot.undo          .o.......
stats.view         dorm...N.
help.view          dormag.N.
audit.view         do.......
"""
COLUMNS = (*GROUPS, BADGE, NEWCOMER, MANAGE_SERVER)
TABLE = {
    (capability, standing): mark != "."
    for capability, marks in (line.split() for line in WHO_MAY.split("\n") if line)
    for standing, mark in zip(COLUMNS, marks, strict=True)
}
MAPPED = {group: number for number, group in enumerate((*GROUPS, BADGE), start=1)}


def test_the_table_here_names_every_capability_and_every_standing() -> None:
    assert {capability for capability, _ in TABLE} == set(CAPABILITIES)
    granted = {who for _, holders in CAPABILITIES.values() for who in holders}
    assert granted <= set(COLUMNS)


@pytest.mark.parametrize(("capability", "standing"), TABLE)
def test_a_capability_is_had_by_exactly_who_the_table_says(capability: str, standing: str) -> None:
    assert allowed(capability, frozenset({standing})) is TABLE[capability, standing]


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_nobody_in_particular_has_no_capability(capability: str) -> None:
    assert not allowed(capability, frozenset())
    assert not allowed(capability, frozenset({"stranger", ""}))
    assert allowed(capability, frozenset({"guest"})) is (capability in {"characters.claim", "me.own", "help.view"})


def test_higher_groups_inherit_nothing_from_lower_ones() -> None:
    assert not allowed("dkp.adjust", frozenset({"developer"}))
    assert not allowed("raids.manage", frozenset({"developer"}))
    assert not allowed("auctions.manage", frozenset({"recruiter"}))


def test_the_badge_comes_on_top_of_any_group_and_brings_nothing_else() -> None:
    for group in GROUPS:
        held = standings(role_group=group, role_ids=frozenset({MAPPED[BADGE]}), manage_guild=False, mapping=MAPPED)
        assert held == {group, BADGE}
    badge_alone = {capability for capability in CAPABILITIES if allowed(capability, frozenset({BADGE}))}
    assert badge_alone == {"raids.manage", "auctions.manage", "loot.award"}


def test_the_badge_needs_its_role_and_the_role_its_mapping() -> None:
    unmapped = {"member": 4}
    for role_ids, mapping in ((frozenset({99}), MAPPED), (frozenset({7}), unmapped), (frozenset(), MAPPED)):
        assert standings(role_group="member", role_ids=role_ids, manage_guild=False, mapping=mapping) == {"member"}


def test_before_the_member_role_is_mapped_manage_server_makes_officers_and_everybody_else_newcomers() -> None:
    for mapping in ({}, {"officer": 2, "guest": 6}):
        for group in (None, "officer", "guest"):
            anybody = standings(role_group=group, role_ids=frozenset({2}), manage_guild=False, mapping=mapping)
            assert anybody == {NEWCOMER}
            chief = standings(role_group=group, role_ids=frozenset(), manage_guild=True, mapping=mapping)
            assert chief == {"officer", MANAGE_SERVER}


def test_once_it_is_mapped_the_roster_decides_and_manage_server_gives_only_its_own() -> None:
    chief = standings(role_group="guest", role_ids=frozenset({2}), manage_guild=True, mapping=MAPPED)
    assert chief == {"guest", MANAGE_SERVER}
    assert not allowed("dkp.adjust", chief)
    assert allowed("settings.roles", chief)


def test_unsure_means_no() -> None:
    unknown = standings(role_group=None, role_ids=frozenset(), manage_guild=False, mapping=MAPPED)
    assert unknown == {"guest"}
    with pytest.raises(KeyError):
        allowed("dkp.dance", frozenset(COLUMNS))


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_every_refusal_is_one_sentence_that_says_whom_to_ask(capability: str) -> None:
    sentence = permissions.refusal_sentence(capability)
    assert sentence.startswith("Only ")
    assert sentence.endswith("; ask one of them.")
    assert NEWCOMER not in sentence


def test_the_group_of_a_person_is_the_highest_mapped_role_they_hold() -> None:
    assert group_of({MAPPED["member"], MAPPED["officer"], 99}, MAPPED) == "officer"
    assert group_of({MAPPED[BADGE]}, MAPPED) == "guest"
    assert group_of({99}, MAPPED) == "guest"
    assert group_of(set(), {}) == "guest"
