import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.networks.loading import Member, build
from heterodox.networks.subnetwork_spaces import Space
from heterodox.training import subnetworks
from heterodox.training.shrinking import submember
from heterodox.training.state import StateFile
from heterodox.training.subnetworks import Selection, choose, draw_candidates, measure_candidates, window
from heterodox.training.supervision import accuracy_and_loss

COUNTS = np.array([100, 200, 210, 220, 400, 420, 440, 1000])
SPACE = Space(((0, 1), (0, 1)), ((8, 16), (16, 32)))


def test_the_window_lies_where_most_configurations_are_unless_the_config_says_where():
    found = window(COUNTS, Selection(subnetworks=3, tolerance=0.05))
    assert found.rows.tolist() == [1, 2, 3]
    assert all(abs(COUNTS[found.rows] - found.target) <= 0.05 * found.target)
    assert window(COUNTS, Selection(subnetworks=3, tolerance=0.05, parameters=420)).rows.tolist() == [4, 5, 6]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection(subnetworks=4, tolerance=0.05), "3 of its 8 .* 4 are wanted; a tolerance of 0.334 would do"),
        (Selection(subnetworks=2, tolerance=0.05, parameters=1000), "1 of its 8 .* 1000 .* a tolerance of 0.56 would"),
        (Selection(), "3 of its 8 .* 11 are wanted; raise width_options or skipped_blocks"),
    ],
)
def test_too_small_a_window_is_one_line_that_says_what_would_do(selection, message):
    with pytest.raises(UserError, match=message):
        window(COUNTS, selection)


def test_the_tolerance_that_the_message_names_is_enough():
    assert len(window(COUNTS, Selection(subnetworks=4, tolerance=0.334)).rows) >= 4
    assert len(window(COUNTS, Selection(subnetworks=2, tolerance=0.56, parameters=1000)).rows) >= 2


def test_candidates_are_distinct_rows_of_the_window_by_seed():
    found = window(np.arange(1000, 1100), Selection(subnetworks=5))
    rows = draw_candidates(found, Selection(subnetworks=5, candidates=20), seed=1)
    assert len(set(rows.tolist())) == 20
    assert set(rows.tolist()) <= set(found.rows.tolist())
    assert rows.tolist() == draw_candidates(found, Selection(subnetworks=5, candidates=20), seed=1).tolist()
    assert rows.tolist() != draw_candidates(found, Selection(subnetworks=5, candidates=20), seed=2).tolist()
    assert len(draw_candidates(found, Selection(subnetworks=5, candidates=3), seed=1)) == 5
    assert len(draw_candidates(found, Selection(subnetworks=5, candidates=3000), seed=1)) == len(found.rows)


def test_the_choice_takes_the_most_accurate_then_what_differs_from_it_most():
    rows = np.array([15, 14, 0, 7])  # 15 is the largest; 14 differs in one width, 7 in one depth, 0 in all
    measured = [{"validation_accuracy": accuracy} for accuracy in (0.9, 0.89, 0.5, 0.88)]
    assert choose(SPACE, rows, measured, Selection(subnetworks=2)) == [0, 1]
    assert choose(SPACE, rows, measured, Selection(subnetworks=3)) == [0, 1, 3]
    assert choose(SPACE, rows, measured, Selection(subnetworks=4))[:2] == [0, 2]


def test_measuring_goes_on_from_its_state_and_only_measures_the_rest(sided, tmp_path, monkeypatch):
    member = Member(build("resnet", (1, 8, 8), 2, seed=1, member="toy"), [0.3], [0.2], (8, 8))
    candidates = [Space(((0, 1),) * 4, ((8,), (16,), (32,), (64, 128))).at([0, 1, 1, 0, 0, 0, 0, i]) for i in (0, 1)]
    state_file = StateFile(tmp_path / "state.pt", "one", seconds=0.0)
    whole = measure_candidates(member, candidates, sided.images, 16, sided, state_file)
    alone = [accuracy_and_loss(submember(member, one, sided.images, 16), sided) for one in candidates]
    assert whole == alone
    assert state_file.read() == {"measured": whole}

    measured = []
    monkeypatch.setattr(subnetworks, "submember", lambda *args: measured.append(args[1]) or submember(*args))
    state_file.write({"measured": whole[:1]})
    assert measure_candidates(member, candidates, sided.images, 16, sided, state_file) == whole
    assert measured == candidates[1:]
