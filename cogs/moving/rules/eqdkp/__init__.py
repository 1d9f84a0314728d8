"""EQdkp Plus points exports (XML): parsed within bounds, proved row by row, made a document."""

from datetime import tzinfo

from cogs.moving.rules.document import Document
from cogs.moving.rules.eqdkp.making import make
from cogs.moving.rules.eqdkp.parsing import parse


def read(name: str, text: str, zone: tzinfo) -> Document:
    return make(parse(name, text, zone))
