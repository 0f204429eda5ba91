"""Prints the licence of every installed package, as its own metadata says."""

import re
from importlib import metadata

WORDS = re.compile(r"License :: (?:OSI Approved :: )?(.+)")


def licence(package: metadata.Distribution) -> str:
    """In a few words; "not told" where the package says nothing."""
    about = package.metadata
    classified = [found[1] for c in about.get_all("Classifier", []) if (found := WORDS.match(c))]
    told = [*about.get_all("License-Expression", []), *about.get_all("License", [])]
    brief = [text for text in told if 0 < len(text) < 60]
    return brief[0] if brief else ", ".join(classified) or "not told"


def main() -> None:
    """One line a package."""
    found = {package.metadata["Name"]: package for package in metadata.distributions()}
    for name in sorted(found, key=str.lower):
        print(f"{name:32} {found[name].version:16} {licence(found[name])}")


if __name__ == "__main__":
    main()
