"""The loop with objectives that a reader can follow by hand."""

import pytest
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.streams import torch_draws_from, torch_stream
from heterodox.training.loop import Objective, train
from heterodox.training.recipe import Optimization
from heterodox.training.state import StateFile


class Recorded(Objective):
    """Learns one number and writes down what it was shown; `scores` are what it claims to reach per epoch."""

    criterion = "score"

    def __init__(self, scores=(0.0,) * 9, slope=1.0):
        super().__init__()
        self.number = nn.Linear(1, 1, bias=False)
        self.dropout = nn.Dropout()
        self.scores, self.slope = list(scores), slope
        self.seen, self.draws, self.kept, self.done, self.modes = [], [], [], [], []

    def draw(self, count, generator):
        return {"number": torch.rand(count, generator=generator)}

    def loss(self, images, labels, draws):
        self.seen.append(images.flatten(1).float().sum(1).tolist())
        self.draws.append(draws["number"].tolist())
        self.kept.append(self.dropout(torch.ones(20)).tolist())
        self.modes.append(self.training)
        return self.slope * self.number.weight.sum()

    def after_step(self, done):
        self.done.append(done)

    def measure(self, validation):
        return {"score": self.scores.pop(0)}

    def result(self):
        return self.number


def run(objective, images, recipe, tmp_path, name="toy"):
    return train(objective, images, images, recipe, 1, name, StateFile(tmp_path / "state.pt", "toy"))


@pytest.fixture
def recipe():
    return Optimization(
        optimizer="sgd", learning_rate=1.0, weight_decay=0.0, momentum=0.0, schedule="constant", epochs=3, batch_size=10
    )


def test_every_epoch_shows_every_image_once_in_a_new_order_and_drops_the_rest(sided, recipe, tmp_path):
    objective = Recorded()
    run(objective, sided, recipe, tmp_path)
    sums = sided.images.flatten(1).float().sum(1).tolist()
    epochs = [[value for batch in objective.seen[i : i + 9] for value in batch] for i in (0, 9, 18)]
    assert len(objective.seen) == 27  # 96 images: 9 batches of 10, 6 left out
    for shown in epochs:
        assert len(shown) == 90
        assert all(shown.count(value) <= sums.count(value) for value in shown)
    assert epochs[0] != epochs[1]
    assert all(objective.modes)


def test_numbers_belong_to_the_image_and_the_epoch_not_to_the_batch(sided, recipe, tmp_path):
    small, large = Recorded(), Recorded()
    run(small, sided, recipe, tmp_path)
    run(large, sided, Optimization(**{**vars(recipe), "batch_size": 45}), tmp_path)
    drawn = [number for batch in small.draws for number in batch]
    assert drawn[:90] == [number for batch in large.draws[:2] for number in batch]
    assert drawn[:90] != drawn[90:180]


def test_a_batch_larger_than_the_data_is_all_of_it(sided, recipe, tmp_path):
    objective = Recorded()
    run(objective, sided, Optimization(**{**vars(recipe), "batch_size": 1000}), tmp_path)
    assert [len(batch) for batch in objective.seen] == [96] * 3


def test_dropout_is_keyed_and_the_global_generator_untouched(sided, recipe, tmp_path):
    before = torch.random.get_rng_state()
    first, again, other = Recorded(), Recorded(), Recorded()
    run(first, sided, recipe, tmp_path)
    torch.rand(5)
    run(again, sided, recipe, tmp_path)
    run(other, sided, recipe, tmp_path, "another name")
    assert first.kept == again.kept != other.kept
    assert first.kept[0] != first.kept[1]
    torch.random.set_rng_state(before)
    with torch_draws_from(torch_stream(0, "test"), sided.device):
        torch.rand(3)
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_earliest_of_the_best_epochs_is_kept_with_its_weights(sided, recipe, tmp_path):
    objective = Recorded([0.5, 0.7, 0.7])
    start = objective.number.weight.item()
    progress = run(objective, sided, recipe, tmp_path)
    assert progress.best_epoch == 2
    assert progress.weights["weight"].item() == pytest.approx(start - 18)  # 9 steps of -1 in each epoch
    assert objective.number.weight.item() == pytest.approx(start - 27)
    assert progress.outcome()["score"] == 0.7
    assert [entry["epoch"] for entry in progress.history] == [1, 2, 3]
    assert progress.history[0]["loss"] == pytest.approx(start - 4)  # mean of start, start - 1 ... start - 8
    assert objective.done[-1] == pytest.approx(1.0)


def test_without_a_criterion_the_last_epoch_is_kept(sided, recipe, tmp_path):
    objective = Recorded([0.5, 0.7, 0.1])
    objective.criterion = None
    assert run(objective, sided, recipe, tmp_path).best_epoch == 3


def test_the_schedule_is_followed_step_by_step(sided, recipe, tmp_path):
    objective = Recorded()
    start = objective.number.weight.item()
    run(objective, sided, Optimization(**{**vars(recipe), "epochs": 1, "warmup_epochs": 1.0}), tmp_path)
    assert start - objective.number.weight.item() == pytest.approx(sum(i / 9 for i in range(9)), rel=1e-5)


def test_a_loss_that_is_not_finite_is_one_line_with_the_remedy(sided, recipe, tmp_path):
    with pytest.raises(UserError, match=r"toy: the loss is no longer finite in epoch 1; lower .*learning_rate"):
        run(Recorded(slope=float("inf")), sided, recipe, tmp_path)


def test_a_diverged_state_is_never_stored(sided, recipe, tmp_path):
    state_file = StateFile(tmp_path / "state.pt", "toy", seconds=0)
    with pytest.raises(UserError, match="finite"):
        train(Recorded(slope=float("nan")), sided, sided, recipe, 1, "toy", state_file)
    assert not state_file.path.exists()
