"""Measure what the activations of cells say of the classes and of every test image."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.searches.cell_inspection import inspect_cell
from heterodox.storage.inspections import write_inspection


def inspect_cells(
    spec: dict, train: Path, validation: Path, test: Path, weights: list[Path], inspections: list[Path]
) -> None:
    """Write the inspection of every member in `weights`."""
    config, device = spec["config"], available_device()
    for member, path in zip(weights, inspections, strict=True):
        write_inspection(path, inspect_cell(member, train, validation, test, config, device))


if __name__ == "__main__":
    command.run(inspect_cells)
