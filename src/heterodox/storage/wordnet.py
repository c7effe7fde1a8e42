"""The nouns of WordNet 3.0's database files, read where they lie: a synset's number is its place in `data.noun`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from heterodox.errors import UserError

WORDNET_ID = re.compile(r"n(\d{8})")  # as ImageNet names its classes
SYNSET = re.compile(r"(.+)\.n\.(\d+)")  # as NLTK names synsets: a word and the number of its meaning
HYPERNYMS = {"@", "@i"}  # a kind of; an instance of
REMEDY = "install Debian's package wordnet-base, or unpack WordNet 3.0 and give its folder `dict`"


class Nouns:
    """Open nouns. UserError where a synset is not there, or the files are not those of WordNet 3.0."""

    def __init__(self, folder: Path, data: BinaryIO) -> None:
        self.folder, self.data = folder, data
        self._above: dict[int, tuple[int, ...]] = {}

    def synset(self, name: str) -> int:
        """Return the number of the synset that `name` means: `dog.n.01`, or ImageNet's n02084071."""
        if number := WORDNET_ID.fullmatch(name):
            self.hypernyms(int(number[1]))  # says where there is none
            return int(number[1])
        parts = SYNSET.fullmatch(name)
        found = self._meanings(parts[1]) if parts else []
        if not parts or not 0 < int(parts[2]) <= len(found):
            raise UserError(f"synset {name}: not in WordNet 3.0; write it like dog.n.01 or n02084071")
        return found[int(parts[2]) - 1]

    def hypernyms(self, number: int) -> tuple[int, ...]:
        """Return the synsets of which this one is a kind or an instance."""
        if number not in self._above:
            self.data.seek(number)
            fields = self.data.readline().decode("utf-8", "replace").partition(" | ")[0].split(" ")
            if fields[0] != f"{number:08d}" or fields[2:3] != ["n"]:
                raise UserError(
                    f"{self.folder / 'data.noun'}: has no synset n{number:08d}; {REMEDY}, or correct the class's name"
                )
            self._above[number] = tuple(_hypernyms(fields))
        return self._above[number]

    def _meanings(self, word: str) -> list[int]:
        start = word.lower().replace(" ", "_") + " n "
        with open(self.folder / "index.noun", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith(start):
                    fields = line.split()
                    return list(map(int, fields[len(fields) - int(fields[2]) :]))
        return []


def _hypernyms(fields: list[str]) -> Iterator[int]:
    """Yield the hypernyms of a line of data.noun: words, counted in hexadecimal, then pointers of four fields."""
    first = 5 + 2 * int(fields[3], 16)
    for place in range(first, first + 4 * int(fields[first - 1]), 4):
        if fields[place] in HYPERNYMS:
            yield int(fields[place + 1])


@contextmanager
def open_nouns(folder: Path) -> Iterator[Nouns]:
    """Open the nouns of WordNet in `folder`; UserError, which says how to get them, where they are not there."""
    try:
        data = open(folder / "data.noun", "rb")  # noqa: SIM115  closed below
    except OSError as error:
        raise UserError(
            f"{folder}: there is no WordNet here (data.noun); {REMEDY} as wordnet_folder, or switch weighting off"
        ) from error
    with data:
        yield Nouns(folder, data)
