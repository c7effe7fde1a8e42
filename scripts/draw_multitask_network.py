"""Draw the multi-task network with the accuracy of each head."""

from pathlib import Path

from heterodox import command
from heterodox.figures import multitask_network, style
from heterodox.storage.members import read_description
from heterodox.storage.tables import read_table

FAMILIES = {"vgg": "VGG", "resnet": "ResNet", "resnext": "ResNeXt"}


def draw_multitask_network(spec: dict, weights: Path, table: Path, figure: Path) -> None:
    """Draw the diagram from the networks' description and the table of their heads."""
    described = read_description(weights)
    trunk = f"{FAMILIES.get(described['arch'], style.words(described['arch']))}, {described['model']}"
    height, width = described["resolution"]
    heads = read_table(table, multitask_network.COLUMNS)
    style.save(multitask_network.draw(heads, trunk, f"Images\n{width} x {height}", described["networks"]), figure)


if __name__ == "__main__":
    command.run(draw_multitask_network)
