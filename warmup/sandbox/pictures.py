"""Small pictures for the seeded agency, drawn from a number: always the same picture for the same number."""

import io
import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFont

_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}
SIZES = {
    "pfp": (400, 400),
    "post": (540, 675),
    "highlight": (540, 960),
    "story": (540, 960),
    "any": (540, 540),
}
_PALETTES = {
    "dawn": ("#2b2d5b", "#f2a07b", "#ffe3b3"),
    "forest": ("#0f3d3e", "#6aa84f", "#e6f2c2"),
    "sea": ("#04395e", "#2e86ab", "#cdeaf0"),
    "kitchen": ("#6b2737", "#e08e45", "#f8f4a6"),
    "market": ("#7a3b69", "#e85d75", "#ffd9da"),
    "street": ("#22223b", "#9a8c98", "#f2e9e4"),
}
THEMES = tuple(_PALETTES)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file."""

    data: bytes
    media_type: str
    width: int
    height: int


def draw(number: int, category: str, theme: str | None, caption: str) -> Picture:
    """Draw a gradient in the theme's colours with a few shapes and the caption. Every seventh is a PNG."""
    chance = random.Random(number)
    dark, middle, light = _PALETTES[theme or chance.choice(THEMES)]
    size = SIZES[category]
    image = _gradient(size, dark, middle, chance.uniform(-40, 40))
    _shapes(image, chance, light)
    _caption(image, caption, light)
    kind = "PNG" if number % 7 == 0 else "JPEG"
    file = io.BytesIO()
    if kind == "PNG":
        image.quantize(64).save(file, kind, optimize=False)
    else:
        image.save(file, kind, quality=80)
    return Picture(file.getvalue(), _TYPES[kind], *size)


def _gradient(size: tuple[int, int], top: str, bottom: str, angle: float) -> Image.Image:
    """From one colour to the other, a little askew."""
    diagonal = int(math.hypot(*size)) + 2
    ramp = Image.linear_gradient("L").resize((diagonal, diagonal)).rotate(angle)
    left, upper = (diagonal - size[0]) // 2, (diagonal - size[1]) // 2
    mask = ramp.crop((left, upper, left + size[0], upper + size[1]))
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def _shapes(image: Image.Image, chance: random.Random, colour: str) -> None:
    """Draw a sun and some hills, lighter than what lies under them."""
    width, height = image.size
    layer = Image.new("RGB", image.size)
    pen = ImageDraw.Draw(layer)
    radius = chance.uniform(0.08, 0.18) * width
    x, y = chance.uniform(0.2, 0.8) * width, chance.uniform(0.15, 0.45) * height
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    image.paste(ImageChops.screen(image, layer))
    for hill in range(3):
        base = height * (0.62 + 0.1 * hill)
        waves = [chance.uniform(0.01, 0.05) * height for _ in range(2)]
        shift = chance.uniform(0, math.tau)
        crest = [
            (
                step,
                base - waves[0] * math.sin(step / width * 5 + shift) - waves[1] * math.sin(step / width * 11),
            )
            for step in range(0, width + 12, 12)
        ]
        shade = Image.new("L", image.size)
        ImageDraw.Draw(shade).polygon([*crest, (width, height), (0, height)], fill=55)
        image.paste(Image.new("RGB", image.size, "#000000"), mask=shade)


def _caption(image: Image.Image, caption: str, colour: str) -> None:
    width, height = image.size
    font = ImageFont.load_default(size=max(16, width // 18))
    ImageDraw.Draw(image).text((width / 2, height * 0.92), caption, fill=colour, font=font, anchor="mm")
