"""N heads in one computation become what each becomes alone, and alone, what a plain loop over one head makes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from heterodox.networks.tasks import Task
from heterodox.streams import torch_stream
from heterodox.training.heads import StackedHeads, accuracies, first_head
from heterodox.training.images import LabelledImages
from heterodox.training.loop import train
from heterodox.training.optimization import learning_rate
from heterodox.training.recipe import Recipe
from heterodox.training.samples import sample_rows
from heterodox.training.state import StateFile

COUNT, WIDTH = 50, 6
FEATURES = torch.from_numpy(np.random.default_rng(0).normal(size=(COUNT, WIDTH)).astype(np.float32))
ONE_OF_THREE = Task("kind", ("a", "b", "c"))
TWO_MARKS = Task("marks", ("one", "two"), multi_label=True)
TARGETS = {
    "kind": (FEATURES[:, 0] > 0).long()[:, None] + (FEATURES[:, 1] > 0).long()[:, None],
    "marks": (FEATURES[:, :2] > 0).long(),
}
RECIPE = Recipe(epochs=3, batch_size=12, learning_rate=0.02, weight_decay=0.1, label_smoothing=0.1, warmup_epochs=1.0)


def trained(task: Task, strategy: str, members: list[int], folder: Path, count: int = 4) -> StackedHeads:
    every = sample_rows(strategy, np.arange(COUNT), count, 1, "set")
    heads = StackedHeads(WIDTH, task, [5], RECIPE, members, [every[member] for member in members], 1, "set")
    images = LabelledImages(FEATURES, TARGETS[task.name], task.outputs)
    heads.attach(images)
    progress = train(heads, images, images, RECIPE, 1, "set", StateFile(folder / "state.pt", "-", 1e9))
    heads.load_state_dict(progress.weights)
    return heads


@pytest.mark.parametrize("task", [ONE_OF_THREE, TWO_MARKS], ids=["softmax", "sigmoid"])
@pytest.mark.parametrize("strategy", ["random_heads", "leave_one_bucket_out", "bagging"])
def test_heads_trained_together_are_those_trained_alone(task: Task, strategy: str, tmp_path: Path) -> None:
    together = trained(task, strategy, [0, 1, 2, 3], tmp_path).stacked()
    for member in range(4):
        alone = trained(task, strategy, [member], tmp_path).stacked()
        for name, values in alone.items():
            torch.testing.assert_close(together[name][member], values[0], rtol=1e-4, atol=1e-6)
    assert not torch.allclose(together["output.weight"][0], together["output.weight"][1], atol=1e-2)


@pytest.mark.parametrize("task", [ONE_OF_THREE, TWO_MARKS], ids=["softmax", "sigmoid"])
def test_a_head_is_what_a_plain_loop_makes_of_it(task: Task, tmp_path: Path) -> None:
    """An ordinary module, torch's own AdamW, and the batches that the loop's streams give."""
    member = 2
    sample = sample_rows("bagging", np.arange(COUNT), 4, 1, "set")[member]
    head = first_head(WIDTH, 1, task, [5], 1, "set", member)
    weights = [parameter for parameter in head.parameters() if parameter.ndim > 1]
    biases = [parameter for parameter in head.parameters() if parameter.ndim == 1]
    groups = [{"params": weights, "weight_decay": 0.1}, {"params": biases, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1.0)
    steps = COUNT // RECIPE.batch_size
    for epoch in range(RECIPE.epochs):
        order = torch.randperm(COUNT, generator=torch_stream(1, "order", "set", epoch))
        seed = int(torch.randint(2**62, (1,), generator=torch_stream(1, "augmentation", "set", epoch)))
        own = torch.from_numpy(sample)[torch.randperm(COUNT, generator=torch_stream(seed, "order of a head", member))]
        for step in range(steps):
            rows = own[order[step * 12 : (step + 1) * 12]]
            logits = head(FEATURES[rows][:, :, None, None])
            wanted = TARGETS[task.name][rows]
            loss = (
                binary_cross_entropy_with_logits(logits, wanted.float())
                if task.multi_label
                else cross_entropy(logits, wanted[:, 0], label_smoothing=0.1)
            )
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(RECIPE, epoch + step / steps)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    stacked = trained(task, "bagging", [0, 1, 2, 3], tmp_path).stacked()
    for name, values in head.state_dict().items():
        torch.testing.assert_close(stacked[name][member], values, rtol=1e-4, atol=1e-6)


def test_an_epoch_of_a_head_goes_through_its_own_sample_evenly() -> None:
    sample = np.arange(10, 40)
    heads = StackedHeads(WIDTH, ONE_OF_THREE, [], RECIPE, [0, 1], [sample, np.arange(COUNT)], 1, "set")
    rows = heads.draw(COUNT, torch.Generator())["rows"]
    counts = np.bincount(rows[:, 0], minlength=COUNT)
    assert set(counts[10:40]) == {1, 2}
    assert counts[10:40].sum() == COUNT
    np.testing.assert_array_equal(np.sort(rows[:, 1]), np.arange(COUNT))


def test_accuracies_by_hand() -> None:
    logits = torch.tensor([[[3.0, 1, 0], [0, 1, 0]], [[0, 1.0, 0], [0, 0, 2.0]]])
    assert accuracies(logits, torch.tensor([[0], [2]]), ONE_OF_THREE).tolist() == [0.5, 0.5]
    marks = torch.tensor([[[1.0, -1], [1, 1]], [[-1, -1], [-1, 2]]])
    assert accuracies(marks, torch.tensor([[1, 0], [0, 1]]), TWO_MARKS).tolist() == [0.75, 0.75]


def test_stacked_heads_compute_what_heads_do(tmp_path: Path) -> None:
    heads = trained(ONE_OF_THREE, "random_heads", [0, 1, 2, 3], tmp_path)
    for member in range(4):
        alone = first_head(WIDTH, 1, ONE_OF_THREE, [5], 1, "set", member)
        alone.load_state_dict({name: values[member] for name, values in heads.stacked().items()})
        assert isinstance(alone[-1], nn.Linear)
        torch.testing.assert_close(heads.logits(FEATURES)[member], alone(FEATURES[:, :, None, None]))
