"""Faces for the page: a letter on a disc in the colour of what somebody plays, drawn as it starts."""

import colorsys
import io

import simcord
from PIL import Image, ImageDraw, ImageFont
from simcord.backend.cdn import CDN_BASE

from cogs.demo.cast import PEOPLE

HASH = "demo"
_SIZE, _DRAWN = 96, 4
"""Pixels a side; drawn larger, then made smaller, so that edges are smooth."""
_CLASSES = sorted({person.main.character_class for person in PEOPLE})


def give(env: simcord.Env, members: dict[str, simcord.MemberActor]) -> dict[str, tuple[str, bytes]]:
    """Give everybody a face; returns them by the address the page asks for."""
    faces = {}
    for person in PEOPLE:
        hue = _CLASSES.index(person.main.character_class) / len(_CLASSES)
        faces[members[person.user].id] = _face(person.shown[0], hue, 0.42)
    faces[env.backend.bot_user.id] = _face("Q", 0.11, 0.85)
    for user_id in faces:
        env.backend.get_user(user_id).avatar = HASH
    return {f"{CDN_BASE}/avatars/{user_id}/{HASH}.png": ("face.png", face) for user_id, face in faces.items()}


def _face(letter: str, hue: float, saturation: float) -> bytes:
    side = _SIZE * _DRAWN
    ground = tuple(round(part * 255) for part in colorsys.hsv_to_rgb(hue, saturation, 0.55))
    image = Image.new("RGB", (side, side), ground)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=side * 0.52)
    draw.text((side / 2, side / 2), letter, font=font, fill="#f6f1e7", anchor="mm", stroke_width=_DRAWN)
    written = io.BytesIO()
    image.resize((_SIZE, _SIZE), Image.Resampling.LANCZOS).save(written, "PNG")
    return written.getvalue()
