"""Masks over early channels as genomes: each is another backbone, so features are extracted anew for every mask."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from heterodox.networks.backbones import load_backbone
from heterodox.networks.channel_masks import channel_counts, gene_slices, without_channels
from heterodox.networks.loading import Member, available_device
from heterodox.searches.archive import Evaluation
from heterodox.searches.pruning import Masks, search_features
from heterodox.storage.features import Features
from heterodox.storage.images import ImageFile
from heterodox.training.images import pixels
from heterodox.training.populations import SearchFeatures, evaluate_masks
from heterodox.training.pruning_baselines import whole_mask
from heterodox.training.recipe import HeadRecipe

WHERE = "config: pruning.channels"


class ChannelMasks(Masks):
    """The masks over the channels of a backbone's first stage, drawn and bred as all masks are.

    Every layer keeps one channel at least.
    """

    def __init__(self, network: nn.Module) -> None:
        counts = channel_counts(network, WHERE)
        super().__init__("features", sum(counts), 0)
        self._kinds = gene_slices(counts)
        self.size = None


@dataclass(frozen=True)
class ChannelEvaluation:
    """How a mask over channels is evaluated: cut the backbone, extract all features, train the whole head on them.

    `features` are the feature files of the training, validation and OoD validation images, which say which images take
    part, `images` those images; the other fields are those of `evaluate_masks`.
    """

    backbone: Path
    features: tuple[Path, Path, Path]
    images: tuple[Path, Path, Path]
    recipe: HeadRecipe
    seed: int
    run: int
    score: str
    temperature: float

    def __call__(self, genome: np.ndarray) -> Evaluation:
        """Return error, share of active channels and 1 - AUROC of one mask."""
        known, seen = search_features(*self.features), _images(self.features, self.images)
        member = _backbone(self.backbone)
        network = without_channels(member.network, genome, WHERE)
        mean, std = member.mean.flatten().tolist(), member.std.flatten().tolist()
        cut = Member(network, mean, std, member.resolution).to(member.mean.device).eval()
        parts = [
            replace(own, values=_extracted(cut, images))
            for own, images in zip((known.train, known.validation, known.ood_validation), seen, strict=True)
        ]
        mask = whole_mask("features", known.feature_count, self.recipe.hidden)
        settings = (self.recipe, self.seed, self.run, "features", self.score, self.temperature)
        found = evaluate_masks(SearchFeatures(*parts), mask, *settings)
        error, _, auroc_loss = found.objectives[0].tolist()
        return Evaluation((error, float(genome.mean()), auroc_loss), {"epochs": int(found.epochs[0])})

    def together(self, genomes: Sequence[np.ndarray]) -> list[Evaluation]:
        """Return the objectives of several masks; each needs a pass of its own over all images."""
        return [self(genome) for genome in genomes]


@cache
def _backbone(path: Path) -> Member:
    return load_backbone(path, available_device())[0]


@cache
def _images(features: tuple[Path, ...], images: tuple[Path, ...]) -> list[torch.Tensor]:
    """Return the images uint8 (n, H, W, C) of each set in the order of its features, once per process."""
    known = search_features(*features)
    return [
        torch.from_numpy(_in_order(path, own))
        for path, own in zip(images, (known.train, known.validation, known.ood_validation), strict=True)
    ]


def _in_order(path: Path, features: Features) -> np.ndarray:
    with ImageFile(path) as file:
        if len(file) == len(features):
            return file.images()
        rows = {int(index): row for row, index in enumerate(file.index)}
        return file.at([rows[int(index)] for index in features.index])


@torch.no_grad()
def _extracted(backbone: Member, images: torch.Tensor) -> np.ndarray:
    device = backbone.mean.device
    parts = [backbone(pixels(part.to(device))).flatten(1) for part in images.split(backbone.batch_size)]
    return torch.cat(parts).float().cpu().numpy()
