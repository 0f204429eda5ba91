"""VICE that asks: of the picture it is surest of a person says whether it shows success.

What was answered with yes is an example from then on; a no is thrown away, as lived pictures count
as failures already (interview 22:50).

Source: VICE-RAQ (Singh 2019, arXiv 1904.07854, algorithm 2).

Differs from the paper:
    as `vice.py`.
"""

from rumpus.success.base import Question
from rumpus.success.vice import Vice


class ViceRaq(Vice):
    """Examples and what was answered with yes against everything that was lived."""

    asks: tuple[Question, ...] = ("surest",)
