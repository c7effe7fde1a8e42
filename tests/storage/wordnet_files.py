"""A few nouns in the format of WordNet 3.0's files, each at the place in the file that is its number."""

from pathlib import Path

# Real lines, with the pointers that this excerpt can follow, and a hand-made instance (@i).
DATA = """\
00001740 03 n 01 entity 0 002 ~ 00015388 n 0000 ~ 00021939 n 0000 | that which is perceived to have its own existence
00015388 05 n 02 animal 0 beast 0 003 @ 00001740 n 0000 + 01222477 v 0101 ~ 02075296 n 0000 | a living organism
00021939 06 n 02 artifact 0 artefact 0 002 @ 00001740 n 0000 ~ 03051540 n 0000 | a man-made object taken as a whole
01317541 05 n 02 domestic_animal 0 domesticated_animal 0 001 @ 00015388 n 0000 | animals that have been tamed
02075296 05 n 01 carnivore 0 004 @ 00015388 n 0000 #m 02074915 n 0000 ~ 02083346 n 0000 ~ 02120997 n 0000 | flesh-eating
02083346 05 n 02 canine 0 canid 0 003 @ 02075296 n 0000 + 02677704 a 0101 ~ 02084071 n 0000 | fissiped mammals
02084071 05 n 03 dog 0 domestic_dog 0 Canis_familiaris 0 002 @ 02083346 n 0000 @ 01317541 n 0000 | of the genus Canis
02120997 05 n 02 feline 0 felid 0 002 @ 02075296 n 0000 ~ 02121620 n 0000 | lithe-bodied roundheaded fissiped mammals
02121620 05 n 02 cat 0 true_cat 0 001 @ 02120997 n 0000 | having thick soft fur and no ability to roar
03051540 06 n 0b clothing 0 a 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 j 0 001 @ 00021939 n 0000 | 11 (hex 0b) words
03595614 06 n 03 jersey 0 T-shirt 0 tee_shirt 0 001 @ 03051540 n 0000 | a close-fitting pullover shirt
11027133 18 n 01 Laika 0 001 @i 02084071 n 0000 | the first dog in orbit
"""
INDEX = """\
  1 This software and database is being provided to you, the LICENSEE
cat n 2 3 @ ~ #m 2 1 02121620 01317541
dog n 1 2 @ ~ 1 1 02084071
dog_food n 1 1 @ 1 0 02075296
jersey n 1 1 @ 1 0 03595614
laika n 1 1 @i 1 0 11027133
t-shirt n 1 1 @ 1 1 03595614
"""


def write_wordnet(folder: Path) -> Path:
    """Write the excerpt and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "data.noun", "wb") as file:
        for line in DATA.splitlines():
            file.seek(int(line[:8]))
            file.write(f"{line}\n".encode())
    (folder / "index.noun").write_text(INDEX)
    return folder
