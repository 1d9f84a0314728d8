"""The titles that EverQuest's `/who` shows instead of a class from level 51 on, as the game has them."""

_TITLES = {
    "Bard": "Minstrel, Troubadour, Virtuoso, Maestro",
    "Beastlord": "Primalist, Animist, Savage Lord, Feral Lord",
    "Berserker": "Brawler, Vehement, Rager, Fury",
    "Cleric": "Vicar, Templar, High Priest, Archon",
    "Druid": "Wanderer, Preserver, Hierophant, Storm Warden",
    "Enchanter": "Illusionist, Beguiler, Phantasmist, Coercer",
    "Magician": "Elementalist, Conjurer, Arch Mage, Arch Convoker",
    "Monk": "Disciple, Master, Grandmaster, Transcendent",
    "Necromancer": "Heretic, Defiler, Warlock, Arch Lich",
    "Paladin": "Cavalier, Knight, Crusader, Lord Protector",
    "Ranger": "Pathfinder, Outrider, Warder, Forest Stalker",
    "Rogue": "Rake, Blackguard, Assassin, Deceiver",
    "Shadow Knight": "Reaver, Revenant, Grave Lord, Dread Lord",
    "Shaman": "Mystic, Luminary, Oracle, Prophet",
    "Warrior": "Champion, Myrmidon, Warlord, Overlord",
    "Wizard": "Channeler, Evoker, Sorcerer, Arcanist",
}
_CLASS_OF = {title: name for name, titles in _TITLES.items() for title in titles.split(", ")}


def class_of(words: str) -> str:
    """The class behind a title ("Arch Mage", "Shadowblade (Rogue)"); words that are no title known here stay."""
    title, _, told = words.strip().partition(" (")
    if told.endswith(")"):
        return told[:-1].strip() or title
    return _CLASS_OF.get(words.strip(), words.strip())
