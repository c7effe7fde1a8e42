"""What a search has evaluated survives whatever happens to the process."""

import math
from pathlib import Path

import pytest

from heterodox.errors import UserError
from heterodox.searches.archive import Archive, Record, history_table
from tests.searches.toys import OBJECTIVES

RECORDS = [
    Record(0, 1, "011", "011", (), (0.1 + 0.2, 1e-300), {"epochs": 3, "text": "a\u2028b\nc"}),
    Record(0, 0, "110", "110", (), (math.nan, 2.0)),
    Record(1, 0, "001", "110", ("011", "110"), (0.25, 0.5), {"epochs": 4}, reused=True),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the file of an archive with two commits."""
    with Archive(tmp_path / "state/run.jsonl", "mine", OBJECTIVES) as archive:
        archive.commit(RECORDS[:2])
        archive.commit(RECORDS[2:])
    return tmp_path / "state/run.jsonl"


def read(path: Path) -> list[Record]:
    with Archive(path, "mine", OBJECTIVES) as archive:
        return archive.records


def test_records_come_back_to_the_last_bit_in_the_order_of_asking(path: Path) -> None:
    assert [str(record) for record in read(path)] == [str(RECORDS[place]) for place in (1, 0, 2)]


def test_a_file_cut_at_any_byte_keeps_the_whole_commits_and_takes_new_ones(path: Path) -> None:
    whole = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    for length in sorted({*range(ends[0], len(whole), 7), *ends[:-1], *(end - 1 for end in ends[1:])}):
        path.write_bytes(whole[:length])
        sound = sum(length >= end for end in ends) - 1
        assert len(read(path)) == (0, 2, 3)[sound]
        with Archive(path, "mine", OBJECTIVES) as archive:
            archive.commit(RECORDS[2:] if sound else RECORDS[:2])
        assert len(read(path)) == (2, 3, 3)[sound]


def test_a_damaged_byte_ends_what_is_believed(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    second_commit = whole.rindex(b"001")
    whole[second_commit] = ord("1")
    path.write_bytes(whole)
    assert len(read(path)) == 2


def test_a_state_of_another_configuration_is_refused_in_one_line(path: Path) -> None:
    with pytest.raises(UserError, match=r"run\.jsonl: state of a search with another configuration") as caught:
        Archive(path, "another", OBJECTIVES)
    assert "\n" not in str(caught.value)
    assert len(read(path)) == 3


def test_what_is_no_state_is_refused_rather_than_overwritten(path: Path) -> None:
    path.write_text("generation,order\n0,1\n")
    with pytest.raises(UserError, match="not the state of a search"):
        read(path)
    assert path.read_text().startswith("generation")


def test_two_processes_cannot_fill_one_file(path: Path) -> None:
    with Archive(path, "mine", OBJECTIVES), pytest.raises(UserError, match="another process"):
        read(path)
    assert len(read(path)) == 3


def test_a_key_gives_what_was_found_first(path: Path) -> None:
    with Archive(path, "mine", OBJECTIVES) as archive:
        assert archive.of_key("110").name == "110"
        assert archive.of_key("001") is None
        assert archive.named("001").parents == ("011", "110")
        archive.remove()
    assert not path.exists()


def test_the_table_has_one_row_per_genome() -> None:
    table = history_table(RECORDS, OBJECTIVES)
    assert table.columns.tolist()[:8] == [
        *["generation", "order", "genome", "key", "parents", "reused"],
        *OBJECTIVES,
    ]
    assert table["parents"].tolist() == ["", "", "011;110"]
    assert table["epochs"].tolist()[0] == 3
    assert table["ones_wrong"].isna().tolist() == [False, True, False]
    assert history_table([], OBJECTIVES).columns.tolist() == table.columns.tolist()[:8]
