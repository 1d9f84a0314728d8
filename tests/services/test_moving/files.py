"""Small files by hand: EQdkp rows, OpenDKP documents."""

import json
from typing import Any


def player(number: int, name: str, **more: Any) -> str:
    """A row that adds up unless told otherwise: `earned`, `items` [(name, value)], `adjustments` [(reason, value)]."""
    earned = more.get("earned", 0)
    items, adjustments = more.get("items", []), more.get("adjustments", [])
    spent = more["spent"] if "spent" in more else sum(value for _, value in items)
    adjusted = more["adjusted"] if "adjusted" in more else sum(value for _, value in adjustments)
    current = more["current"] if "current" in more else earned - spent + adjusted
    pool, main = more.get("pool", 1), more.get("main", number)
    listed = "".join(
        f"<item><game_id>0</game_id><name>{item}</name><value>{value}</value><itempool_id>{pool}</itempool_id></item>"
        for item, value in items
    )
    changed = "".join(
        f"<adjustment><reason>{reason}</reason><value>{value}</value><timestamp>1505755219</timestamp>"
        "<event_id>6</event_id></adjustment>"
        for reason, value in adjustments
    )
    return (
        f"<player><id>{number}</id><name>{name}</name><active>{more.get('active', 1)}</active>"
        f"<hidden>{more.get('hidden', 0)}</hidden><main_id>{main}</main_id>"
        f"<main_name>{more.get('main_name', name)}</main_name><class_id>6</class_id><class_name>Monk</class_name>"
        f"<points><multidkp_points><multidkp_id>{pool}</multidkp_id><points_current>{current}</points_current>"
        f"{more.get('figures', '')}<points_earned>{earned}</points_earned><points_spent>{spent}</points_spent>"
        f"<points_adjustment>{adjusted}</points_adjustment></multidkp_points>{more.get('points', '')}</points>"
        f"<items>{listed}</items><adjustments>{changed}</adjustments></player>"
    )


def export(*players: str, total_players: int | None = None, total_items: int | None = None, more: str = "") -> str:
    players_said = len(players) if total_players is None else total_players
    items_said = sum(row.count("<item>") for row in players) if total_items is None else total_items
    return (
        "<response><eqdkp><name/><guild/><dkp_name>DKP</dkp_name></eqdkp><info><with_twink>1</with_twink>"
        f"<timestamp>1734443553</timestamp><total_players>{players_said}</total_players>"
        f"<total_items>{items_said}</total_items></info><players>{''.join(players)}</players>{more}</response>"
    )


OPENDKP = json.dumps(
    {
        "Characters": [
            {"IdCharacter": 1, "Name": "Thorgrim", "Class": "Cleric", "Level": 60, "Active": 1, "IdAssociated": -1},
            {"IdCharacter": 2, "Name": "Thorgit", "Class": "Rogue", "Level": 55, "Active": 1, "IdAssociated": 1},
            {"IdCharacter": 3, "Name": "Zed", "Class": "Monk", "Active": 1, "CurrentDKP": 7.5},
        ],
        "Raids": [
            {
                "IdRaid": 901,
                "Name": "Plane of Fear",
                "Timestamp": "2026-02-20T20:00:00",
                "Pool": {"IdPool": 4, "Name": "DKP"},
                "Ticks": [
                    {"Description": "On time", "Value": 5, "Attendees": ["Thorgrim", "Zed"]},
                    {"Description": "Hour 1", "Value": 2.5, "Attendees": ["thorgit", "Thorgrim", "Zed", "Zed"]},
                ],
                "Items": [{"CharacterName": "Zed", "ItemName": "Cloak of Flames", "ItemID": 12, "DkpValue": 3}],
            },
            {
                "IdRaid": 902,
                "Name": "Plane of Hate",
                "Timestamp": "2026-02-27T20:00:00",
                "Pool": {"IdPool": 4, "Name": "DKP"},
                "Ticks": [{"Description": "All", "Value": "4", "Attendees": [{"Name": "Thorgrim"}, "Stranger"]}],
                "Items": [],
            },
        ],
        "Adjustments": [
            {"Character": {"Name": "Zed"}, "Name": "Cake", "Description": "", "Value": 3, "Timestamp": "2026-02-21"}
        ],
    }
)
