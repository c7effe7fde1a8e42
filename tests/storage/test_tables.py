from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.storage.tables import read_table, write_table


def test_numbers_and_words_come_back_as_they_were(tmp_path: Path) -> None:
    table = pd.DataFrame({"member": ["none", "None", "NA"], "top1": [1 / 3, np.nan, 1e-300], "k": [3, 4, 5]})
    write_table(table, tmp_path / "table.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "table.csv", ["member", "top1"]), table)
    assert (tmp_path / "table.csv").read_text().splitlines()[2] == "None,,4"


def test_names_that_look_like_numbers_stay_names(tmp_path: Path) -> None:
    columns = ["member", "ensemble", "pool", "shift", "consensus", "arch", "class", "approach", "metric"]
    columns += ["first", "second"]
    table = pd.DataFrame({name: ["1", "007", "1e5", None] for name in columns} | {"top1": [1.0, 2.0, 3.0, np.nan]})
    write_table(table, tmp_path / "table.csv")
    found = read_table(tmp_path / "table.csv", columns)
    for name in columns:
        assert found[name].tolist()[:3] == ["1", "007", "1e5"]
        assert found[name].isna().tolist() == [False, False, False, True]
    assert found["top1"].tolist()[:3] == [1, 2, 3]


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n1,2,3\n")
    (tmp_path / "binary.csv").write_bytes(b"a,b\n\xff\xfe,2\n")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for name, fault in [
        ("none", "there is no such table"),
        ("empty", "not a readable CSV"),
        ("ragged", "not a readable CSV"),
        ("binary", "not a readable CSV"),
        ("other", "lacks the column c, d"),
    ]:
        with pytest.raises(UserError, match=fault) as caught:
            read_table(tmp_path / f"{name}.csv", ["a", "c", "d"])
        assert "\n" not in str(caught.value)
