import pytest


@pytest.fixture(autouse=True)
def with_strangers(strangers: None) -> None:
    """Every test here may name the strangers' worlds."""
