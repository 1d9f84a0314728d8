"""What a function can come to call, followed by name through the code of the bot: doors must end at a use case."""

import dis
import importlib
import inspect
import pkgutil
import types
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import cogs
from bot.stage import UseCase

OURS = ("cogs.", "bot.kit.", "bot.people", "bot.registry")


@cache
def modules(package: types.ModuleType = cogs) -> tuple[types.ModuleType, ...]:
    """Every module of the slices, imported; the demo is no slice that members reach."""
    names = [module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return tuple(importlib.import_module(name) for name in names if not name.startswith("cogs.demo"))


def classes_of(kind: type | tuple[type, ...]) -> Iterator[type]:
    """Subclasses of a kind that the slices define."""
    for module in modules():
        for _, found in inspect.getmembers(module, inspect.isclass):
            if found.__module__ == module.__name__ and issubclass(found, kind):
                yield found


def use_cases() -> Iterator[UseCase[..., Any]]:
    for module in modules():
        for found in vars(module).values():
            if isinstance(found, UseCase) and found.join.__module__ == module.__name__:
                yield found


def is_a_door(found: Any) -> bool:
    """A use case, or a function that calls `stage.read`: the same door, for what changes nothing."""
    if isinstance(found, UseCase):
        return True
    return inspect.isfunction(found) and {"read", "stage"} <= _names(found.__code__)


def is_an_offer(found: Any) -> bool:
    """`bot.kit.pickers.offer`, which asks for a capability before it offers anything."""
    return inspect.isfunction(found) and f"{found.__module__}.{found.__qualname__}".startswith("bot.kit.pickers.offer")


def reaches(function: Any, goal: Callable[[Any], bool]) -> bool:
    """Whether this function, or what it calls within our code, comes to something of that kind."""
    return _comes_to(function, None, goal, set())


def opens_a_form(function: Any) -> bool:
    """Whether it opens a form, whose submission is a door of its own."""
    return "form" in _names(function.__code__)


def _comes_to(found: Any, owner: type | None, goal: Callable[[Any], bool], seen: set[int]) -> bool:
    if id(found) in seen:
        return False
    seen.add(id(found))
    return goal(found) or any(_comes_to(each, whose, goal, seen) for each, whose in _next(found, owner))


def _next(found: Any, owner: type | None) -> Iterator[tuple[Any, type | None]]:
    """What may be called from here, each with the class whose `self` it has."""
    if isinstance(found, partial):
        yield found.func, owner
    elif isinstance(found, dict):  # a table of functions, looked up by what was pressed
        yield from ((each, owner) for each in found.values())
    elif isinstance(found, list | tuple):
        yield from ((each, owner) for each in found)
    elif isinstance(found, staticmethod | classmethod):
        yield found.__func__, owner
    elif isinstance(found, property):
        yield found.fget, owner
    elif inspect.isclass(found) and found.__module__.startswith(OURS):
        yield from ((member, found) for member in list(vars(found).values()))
    elif inspect.isfunction(found) and found.__module__.startswith(OURS):
        names = _names(found.__code__)
        spaces = [inspect.getclosurevars(found).nonlocals, found.__globals__, vars(owner) if owner else {}]
        for value in [space[name] for space in spaces for name in names & space.keys()]:
            if not isinstance(value, types.ModuleType):
                yield value, owner
            elif value.__name__.startswith(OURS):
                yield from ((vars(value)[name], None) for name in names & vars(value).keys())


def _names(code: types.CodeType) -> set[str]:
    """Every global and attribute name, those of the functions within included."""
    found = {str(step.argval) for step in dis.get_instructions(code) if step.opname.startswith(("LOAD_", "IMPORT_"))}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found
