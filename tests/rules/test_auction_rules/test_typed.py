"""An auction's rules as people type them."""

from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import Refused
from bot.typed import BadAmount
from cogs.auctions.rules.starting import BadTerms
from cogs.auctions.rules.terms import TIES, Bidders, Terms, Tie
from cogs.auctions.rules.typed import (
    ORDERS,
    WhoBids,
    item_url,
    parse_bidders,
    parse_link,
    parse_steps,
    parse_ties,
    read_steps,
    steps_in_words,
    ties_in_words,
)

D = Decimal

# --- increments by price ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("from 50 by 5, from 100 by 10", "50:5 100:10"),
        ("50:5, 100:10", "50:5 100:10"),
        ("50:5 100:10", "50:5 100:10"),
        ("50:5,100:10", "50:5 100:10"),
        ("50:5,10", None),
        ("50 : 5; 100 : 10", "50:5 100:10"),
        ("  FROM 50  BY 5 ", "50:5"),
        ("５０:５", "50:5"),
        ("1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1", "1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1"),
        ("off", ""),
        (" None ", ""),
        ("1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1 9:1", None),
        ("100:10 50:5", None),
        ("50:5 50:10", None),
        ("0:5", None),
        ("50:0", None),
        ("50:2.5", None),
        ("50", None),
        ("50:5:10", None),
        ("50:-5", None),
        ("50:5 soon", None),
        ("from 50", None),
        ("99999999:5", None),
        ("50:nan", None),
        ("", None),
    ],
)
def test_steps_are_read_into_the_columns_form_or_refused(typed, kept):
    if kept is None:
        with pytest.raises((BadTerms, BadAmount)):
            parse_steps(typed, decimals=0)
    else:
        assert parse_steps(typed, decimals=0) == kept


@pytest.mark.parametrize("typed", ["0.5:0.25, 10:1", "0,5:0,25 10:1", "from 0.50 by 0.25; from 10.00 by 1.00"])
def test_steps_have_the_pools_decimals(typed):
    assert parse_steps(typed, decimals=2) == "0.5:0.25 10:1"
    with pytest.raises(BadAmount, match="one decimal"):
        parse_steps(typed, decimals=1)


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**4)), min_size=1, max_size=8, unique_by=lambda s: s[0]),
    st.integers(0, 2),
)
def test_steps_survive_the_column_and_the_words(steps, decimals):
    unit = D(1).scaleb(-decimals)
    wanted = tuple((price * unit, increment * unit) for price, increment in sorted(steps))
    kept = parse_steps(" ".join(f"{price}:{increment}" for price, increment in wanted), decimals=decimals)
    assert read_steps(kept) == wanted
    assert parse_steps(steps_in_words(wanted), decimals=decimals) == kept
    terms = Terms(steps=read_steps(kept))
    assert terms.step_at(wanted[0][0] - unit) == 1
    assert [terms.step_at(price) for price, _ in wanted] == [increment for _, increment in wanted]


def test_increments_are_said_as_people_type_them():
    assert steps_in_words(read_steps("50.00:5.00 100:2.50")) == "from 50 by 5, from 100 by 2.5"
    assert steps_in_words(()) == "off"


# --- the order of offers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("tier, amount, attendance, earliest", "tier amount attendance earliest"),
        ("tier amount", "tier amount earliest"),
        ("Amount > Balance > Roll", "amount balance roll"),
        ("amount;wins", "amount wins earliest"),
        ("attendance, amount, roll", "attendance amount roll"),
        ("amount", "amount earliest"),
        ("", None),
        (" , ", None),
        ("tier, attendance", None),
        ("amount, luck", None),
        ("amount, tier, amount", None),
        ("amount, earliest, roll", None),
        ("amount, roll, earliest", None),
        ("earliest, amount", None),
        ("amount, roll, wins", None),
    ],
)
def test_ties_are_read_into_the_columns_form_or_refused(typed, kept):
    if kept is None:
        with pytest.raises(BadTerms):
            parse_ties(typed)
    else:
        assert parse_ties(typed) == kept
        assert parse_ties(ties_in_words(kept)) == kept


def test_the_orders_that_are_offered_are_taken_and_the_first_is_the_default():
    for order in ORDERS:
        assert ties_in_words(parse_ties(order)) == order
    assert parse_ties(ORDERS[0]) == " ".join(TIES)


@given(st.lists(st.sampled_from(list(Tie)), max_size=8))
def test_an_order_that_is_taken_has_each_rule_once_and_one_last(words):
    try:
        kept = parse_ties(" ".join(words)).split()
    except BadTerms:
        assert "amount" not in words or len(set(words)) < len(words) or {"earliest", "roll"} & {*words[:-1]}
    else:
        assert len(set(kept)) == len(kept)
        assert "amount" in kept
        assert [word for word in kept if word in ("earliest", "roll")] == [kept[-1]]


# --- who may bid ------------------------------------------------------------------------------------------------------

ROLES = {501: "Raiders", 502: "@Healers", 503: "Members", 123456789012345678: "30", 504: "Twins", 505: "twins"}


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        ("raid", WhoBids(Bidders.RAID)),
        ("The Raid", WhoBids(Bidders.RAID)),
        ("members", WhoBids(Bidders.MEMBERS)),
        ("All members", WhoBids(Bidders.MEMBERS)),
        ("<@&503>", WhoBids(Bidders.ROLE, 503)),
        ("123456789012345678", WhoBids(Bidders.ROLE, 123456789012345678)),
        ("raiders", WhoBids(Bidders.ROLE, 501)),
        ("@Raiders", WhoBids(Bidders.ROLE, 501)),
        ("healers", WhoBids(Bidders.ROLE, 502)),
        ("30%", WhoBids(Bidders.ATTENDANCE, percent=30)),
        ("100 %", WhoBids(Bidders.ATTENDANCE, percent=100)),
        ("At least 30 % attendance", WhoBids(Bidders.ATTENDANCE, percent=30)),
        ("at least 5% 30-day attendance", WhoBids(Bidders.ATTENDANCE, percent=5)),
    ],
)
def test_who_may_bid_is_read(typed, who):
    assert parse_bidders(typed, ROLES) == who


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "raid, members, a role, or 30%"),
        ("0%", "1 to 100 %"),
        ("101%", "1 to 100 %"),
        ("-5%", "does not say"),
        ("<@&999>", "does not say"),
        ("999", "does not say"),
        ("raidres", "did you mean @Raiders"),
        ("TWINS", "2 roles are called"),
        ("@everyone", "does not say"),
        ("<@&501> <@&502>", "does not say"),
    ],
)
def test_what_says_not_who_may_bid_is_refused(typed, said):
    with pytest.raises(BadTerms, match=said) as refused:
        parse_bidders(typed, ROLES)
    assert "@everyone" not in str(refused.value)


# --- where an item is looked up ---------------------------------------------------------------------------------------

SITE = "https://www.example.com/search?q={item}&x=1"


@pytest.mark.parametrize(
    "link",
    [
        SITE,
        "https://wiki.example.com/{item}",
        "https://example.com:8443/items/{item}#loot",
        "https://example.com/a_(b)/{item}",
        "https://e.com/?q={item}" + "x" * 277,
    ],
)
def test_a_link_is_kept_as_typed(link):
    assert parse_link(f" {link} ") == link


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("http://www.example.com/{item}", "begins with"),
        ("javascript:alert({item})", "begins with"),
        ("www.example.com/{item}", "begins with"),
        ("", "begins with"),
        ("https://www.example.com/", "in it once"),
        ("https://www.example.com/{item}/{item}", "in it once"),
        ("https://www.example.com/{name}", "in it once"),
        ("https://www.example.com/{item}/{name}", "no spaces"),
        ("https://www.example.com/ {item}", "no spaces"),
        ("https://www.example.com/{item}\nhttps://evil.example", "no spaces"),
        ("https://www.example.com/{item}>", "no spaces"),
        ("https://www.example.com/{item}](x", "no spaces"),
        ("https://wïki.example.com/{item}", "no spaces"),
        ("https://{item}", "site's name"),
        ("https://{item}.example.com/", "site's name"),
        ("https:///{item}", "site's name"),
        ("https://localhost/{item}", "site's name"),
        ("https://:443/{item}", "site's name"),
        ("https://www.example.com:99999/{item}", "site's name"),
        ("https://me:secret@www.example.com/{item}", "no password"),
        ("https://www.example.com@evil.example/{item}", "no password"),
        ("https://e.com/?q={item}" + "x" * 278, "at most 300"),
    ],
)
def test_a_link_that_leads_nowhere_good_is_refused(link, said):
    with pytest.raises(BadTerms, match=said):
        parse_link(link)


def test_a_link_is_switched_off():
    assert parse_link("off") is None


@pytest.mark.parametrize(
    ("item", "address"),
    [
        ("Cloak of Flames", "https://www.example.com/search?q=Cloak%20of%20Flames&x=1"),
        ("Bracer & Belt #2 (50%)", "https://www.example.com/search?q=Bracer%20%26%20Belt%20%232%20%2850%25%29&x=1"),
        ("../a?b=c", "https://www.example.com/search?q=..%2Fa%3Fb%3Dc&x=1"),
        ("Плащ", "https://www.example.com/search?q=%D0%9F%D0%BB%D0%B0%D1%89&x=1"),
        ("{item}", "https://www.example.com/search?q=%7Bitem%7D&x=1"),
        ("a](b)", "https://www.example.com/search?q=a%5D%28b%29&x=1"),
    ],
)
def test_an_items_name_is_percent_encoded_in_its_address(item, address):
    assert item_url(SITE, item) == address


def test_brackets_of_the_site_itself_do_not_end_a_link_in_a_message():
    assert item_url("https://e.com/a_(b)/{item}", "x") == "https://e.com/a_%28b%29/x"


@given(st.text(min_size=1, max_size=100))
def test_an_address_stays_one_address_of_that_site_whatever_the_item_is_called(item):
    parts = urlsplit(item_url(SITE, item))
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "www.example.com", "/search")
    assert parse_qs(parts.query, keep_blank_values=True) == {"q": [item], "x": ["1"]}
    assert unquote(parts.query.removeprefix("q=").removesuffix("&x=1")) == item
    assert not set(item_url(SITE, item)) & set("()<>[] \n")


# --- whatever is typed ------------------------------------------------------------------------------------------------


@given(st.text(max_size=80))
def test_whatever_is_typed_is_read_or_refused_in_one_sentence(typed):
    readers = (lambda: parse_steps(typed, decimals=0), lambda: parse_ties(typed), lambda: parse_link(typed))
    for read in (*readers, lambda: parse_bidders(typed, ROLES)):
        try:
            read()
        except Refused as refused:
            sentence = str(refused)
            assert "\n" not in sentence
            assert sentence.endswith((".", "?", "off."))
            assert len(sentence) < 300
