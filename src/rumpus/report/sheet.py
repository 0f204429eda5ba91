"""Pictures for people: what was sensed, asked for and imagined, side by side in one PNG."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rumpus.errors import writing
from rumpus.types import Array

TILE_PX = 144  # pictures are enlarged to about this height, by whole factors
LABEL_PX = 22
GAP_PX = 8
PAPER, INK = (250, 249, 246), (40, 40, 46)


@dataclass(frozen=True)
class Tile:
    """One labelled picture, uint8 (h, w, 3); or a label alone, where there is none."""

    label: str
    picture: Array | None


def write_sheet(path: Path, rows: Sequence[Sequence[Tile]]) -> bool:
    """Write labelled pictures in rows as one PNG.

    Returns:
        whether there was anything to show: where no tile has a picture, nothing is written.

    Raises:
        RunError: when the disk does not take it.
    """
    if all(tile.picture is None for row in rows for tile in row):
        return False
    kind = Image.registered_extensions().get(path.suffix.lower())
    with writing("picture", path):
        draw_sheet(rows).save(path, kind if kind in Image.SAVE else "PNG")
    return True


def draw_sheet(rows: Sequence[Sequence[Tile]]) -> Image.Image:
    """Labelled pictures in rows as one picture."""
    drawn = [[_draw(tile) for tile in row] for row in rows]
    width = max(sum(tile.width + GAP_PX for tile in row) for row in drawn) + GAP_PX
    height = sum(max(tile.height for tile in row) + GAP_PX for row in drawn) + GAP_PX
    sheet, top = Image.new("RGB", (width, height), PAPER), GAP_PX
    for row in drawn:
        left = GAP_PX
        for tile in row:
            sheet.paste(tile, (left, top))
            left += tile.width + GAP_PX
        top += max(tile.height for tile in row) + GAP_PX
    return sheet


def _draw(tile: Tile) -> Image.Image:
    """A tile as an image: the label above the enlarged picture."""
    picture = np.zeros((TILE_PX, 1, 3), np.uint8) if tile.picture is None else tile.picture
    times = max(1, TILE_PX // picture.shape[0])
    large = Image.fromarray(picture.repeat(times, axis=0).repeat(times, axis=1))
    font = ImageFont.load_default(13)
    width = max(large.width, int(font.getlength(tile.label)) + 4)
    image = Image.new("RGB", (width, large.height + LABEL_PX), PAPER)
    ImageDraw.Draw(image).text((0, 2), tile.label, INK, font)
    if tile.picture is not None:
        image.paste(large, (0, LABEL_PX))
    return image
