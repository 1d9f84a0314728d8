"""Which topics somebody may read: those whose capability they have at this moment."""

from bot import permissions
from bot.kit.pickers import rank
from bot.refusals import NotAllowed, NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.help.rules import TOPICS, Topic


async def topics_for(session: Session) -> list[Topic]:
    return [topic for topic in TOPICS if session.may(topic.capability)]


async def get_topic(session: Session, typed: str) -> Topic:
    """The topic somebody means: its wish, a command's name, or some of its words. Refuses what they may not do."""
    key = name_key(typed).lstrip("/")
    for topic in TOPICS:
        if key in (topic.wish, *topic.commands):
            if not session.may(topic.capability):
                raise NotAllowed(permissions.refusal_sentence(topic.capability), capability=topic.capability)
            return topic
    mine = await topics_for(session)
    fits = (
        lambda topic: topic.wish.startswith(key) or key in {name.rpartition(" ")[2] for name in topic.commands},
        lambda topic: key in topic.wish or any(key in name for name in topic.commands),
    )
    for fit in fits if key else ():
        if (found := next((topic for topic in mine if fit(topic)), None)) is not None:
            return found
    near = near_names(typed, [topic.wish for topic in mine], 3)
    raise NotFound("I have no help by that name: /help alone lists what you can do.", near=near)


async def choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over the topics somebody may read; a command's name finds its topic too."""
    mine = await topics_for(session)
    by_wish = rank(typed, [Choice(topic.wish, topic.wish) for topic in mine])
    key = name_key(typed).lstrip("/")
    by_command = [Choice(t.wish, t.wish) for t in mine if key and any(key in name for name in t.commands)]
    return list(dict.fromkeys([*by_wish, *by_command]))
