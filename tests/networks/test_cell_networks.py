"""Networks of cells: published parameter counts, and what merged convolutions compute."""

import pytest
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.networks import cells, loading
from heterodox.networks.cell_networks import (
    Cell,
    CellNetwork,
    Skeleton,
    model_name,
    parsed_model,
    pooled,
    published_parameter_count,
)

PAPER = Skeleton(5, 16)
# NAS-Bench-201's own numbers for CIFAR-10: 1.531546 million with 3x3 everywhere, 0.073306 without weights.
PUBLISHED = {(0, 0, 0, 0, 0, 0): 1_531_546, (4, 4, 4, 4, 4, 4): 73_306, (2, 3, 4, 4, 2, 2): 73_306}


@pytest.mark.parametrize(("encoding", "count"), PUBLISHED.items(), ids=str)
def test_known_cells_have_their_published_parameters(encoding, count):
    assert loading.parameter_count(CellNetwork(encoding, PAPER, 3, 10)) == count
    assert published_parameter_count(encoding, PAPER, 3, 10) == count


def test_parameters_by_hand():
    # One 3x3 and two 1x1 convolutions a cell, 5 cells a stack, widths 16, 32, 64; the rest is the skeleton's 73,306.
    by_hand = 73_306 + 5 * sum(9 * w * w + 2 * w + 2 * (w * w + 2 * w) for w in (16, 32, 64))
    encoding = (0, 1, 3, 4, 1, 2)
    assert loading.parameter_count(CellNetwork(encoding, PAPER, 3, 10)) == by_hand
    assert published_parameter_count(encoding, PAPER, 3, 10) == by_hand


def test_unused_edges_are_not_built_but_counted_by_the_benchmark():
    unused = (0, 3, 3, 4, 3, 0)  # 1 = 3x3(0) leads nowhere, 2 is empty
    built = loading.parameter_count(CellNetwork(unused, PAPER, 3, 10))
    assert built == 73_306
    assert published_parameter_count(unused, PAPER, 3, 10) == built + 5 * sum(
        2 * (9 * w * w + 2 * w) for w in (16, 32, 64)
    )


class PlainCell(nn.Module):
    """Every edge on its own, as it stands in the papers."""

    def __init__(self, encoding, width):
        super().__init__()
        self.encoding = encoding
        make = [
            lambda: nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)),
            lambda: nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width)),
            lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
            nn.Identity,
            nn.Identity,
        ]
        self.edges = nn.ModuleList([make[operation]() for operation in encoding])

    def forward(self, images):
        nodes = [images]
        for node in (1, 2, 3):
            parts = [
                self.edges[place](nodes[source]) * (self.encoding[place] != 3)
                for place, (target, source) in enumerate(cells.EDGES)
                if target == node
            ]
            nodes.append(sum(parts))
        return nodes[3]


def give_weights(plain, merged):
    """Copy the weights of a plain cell's used convolutions into the places that they have in the merged ones."""
    used, width = cells.used_edges(plain.encoding), next(iter(merged.convolutions.values())).width
    for source, readers in merged.convolutions.items():
        for kernel, targets in readers.targets.items():
            for place, target in enumerate(targets):
                operation = 0 if kernel == 3 else 1
                edge = cells.EDGES.index((target, int(source)))
                assert edge in used
                assert plain.encoding[edge] == operation
                own = slice(place * width, (place + 1) * width)
                getattr(readers, f"convolution_{kernel}x{kernel}").weight.data[own] = plain.edges[edge][1].weight
                norm = getattr(readers, f"norm_{kernel}x{kernel}")
                norm.weight.data[own] = plain.edges[edge][2].weight
                norm.bias.data[own] = plain.edges[edge][2].bias


@pytest.mark.parametrize(
    "encoding",
    [(0, 0, 0, 0, 0, 0), (1, 0, 0, 1, 2, 4), (0, 4, 2, 1, 2, 0), (4, 1, 0, 2, 0, 1), (2, 0, 1, 3, 3, 2)],
    ids=str,
)
def test_a_merged_cell_is_the_plain_one_in_values_and_gradients(encoding):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        plain, merged = PlainCell(encoding, 6).double(), Cell(encoding, 6).double()
        for norm in (part for part in plain.modules() if isinstance(part, nn.BatchNorm2d)):
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
        images = torch.randn(5, 6, 7, 7, dtype=torch.float64)
    give_weights(plain, merged)
    seen = [images.clone().requires_grad_() for _ in range(2)]
    outputs = [plain(seen[0]), merged(seen[1])]
    torch.testing.assert_close(outputs[1], outputs[0])
    for output in outputs:
        output.square().sum().backward()
    torch.testing.assert_close(seen[1].grad, seen[0].grad)
    assert loading.parameter_count(merged) == sum(
        values.numel() for place in cells.used_edges(encoding) for values in plain.edges[place].parameters()
    )


@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (1, 2, 1, 3), (2, 1, 2, 2), (1, 1, 1, 1)], ids=str)
def test_pooling_is_torchs_there_and_back_and_twice_back(shape):
    images = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    expected = torch.nn.functional.avg_pool2d(images, 3, 1, 1, count_include_pad=False)
    torch.testing.assert_close(pooled(images), expected)
    ours, torchs = (torch.autograd.grad(values.pow(3).sum(), images)[0] for values in (pooled(images), expected))
    torch.testing.assert_close(ours, torchs)
    assert torch.autograd.gradcheck(pooled, images)
    assert torch.autograd.gradgradcheck(pooled, images)


def test_pooling_of_bfloat16_rounds_once_and_keeps_the_layout():
    images = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(0)).bfloat16()
    images = images.contiguous(memory_format=torch.channels_last)
    exact = torch.nn.functional.avg_pool2d(images.float(), 3, 1, 1, count_include_pad=False)
    assert torch.equal(pooled(images), exact.bfloat16())
    assert pooled(images).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("side", [16, 15, 28])
def test_sizes_halve_between_stacks_whether_odd_or_even(side):
    network = CellNetwork((0, 4, 2, 1, 2, 0), Skeleton(1, 4), 1, 10)
    values = network.stem(torch.zeros(1, 1, side, side))
    for number in range(2):
        values = network.reductions[number](network.stacks[number](values))
        side = -(-side // 2)
        assert values.shape == (1, 8 * 2**number, side, side)


def test_a_disconnected_cell_is_one_line():
    with pytest.raises(UserError, match="no path leads from its input to its output"):
        CellNetwork((0, 0, 3, 3, 3, 3), PAPER, 3, 10)


def test_models_are_named_and_read_back():
    assert model_name((0, 4, 2, 1, 2, 0), PAPER) == "0-4-2-1-2-0 cells=5 width=16"
    assert parsed_model("0-4-2-1-2-0 cells=5 width=16") == ((0, 4, 2, 1, 2, 0), PAPER)


@pytest.mark.parametrize(
    "text",
    ["", "0-4-2 cells=5 width=16", "0-4-2-1-2-0 cells=0 width=16", "0-4-2-1-2-0", "0-4-2-1-2-9 cells=5 width=16"],
)
def test_a_model_that_is_none_is_one_line(text):
    with pytest.raises(UserError, match=r"write a cell as|an encoding is") as caught:
        loading.build("cell", (3, 32, 32), 10, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", [(0, 0, 0, 0, 0, 0), (2, 0, 2, 2, 4, 2)], ids=str)
def test_bfloat16_logits_are_close_to_float32s_and_gradients_point_their_way(encoding):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = CellNetwork(encoding, Skeleton(1, 8), 1, 10)
        images, labels = torch.randn(32, 1, 12, 12), torch.arange(32) % 10
    found = []
    for narrow in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
            logits = network(images)
        loss = nn.functional.cross_entropy(logits.float(), labels)
        found.append(
            (logits.float(), torch.cat([g.flatten() for g in torch.autograd.grad(loss, network.parameters())]))
        )
    (exact, gradient), (rounded, rounded_gradient) = found
    assert (rounded - exact).norm() / exact.norm() < 0.05
    # On noise with arbitrary labels gradients are small differences; a quarter of their length may be rounding.
    assert nn.functional.cosine_similarity(gradient, rounded_gradient, dim=0) > 0.95
