"""Count how often each gene is active over the merged front."""

from pathlib import Path

from heterodox import command
from heterodox.searches.fronts import gene_table
from heterodox.storage.features import FeatureFile
from heterodox.storage.tables import read_table, write_table


def score_genes(spec: dict, front: Path, train: Path, genes: Path) -> None:
    """Write one row per gene: how often it is active among the masks that nothing dominates."""
    config = spec["config"]
    found = read_table(front, ["genome", "rank"])
    with FeatureFile(train) as file:
        features = file.feature_count
    table = gene_table(found[found["rank"] == 0]["genome"], config["scope"], features, config["top"])
    write_table(table, genes)


if __name__ == "__main__":
    command.run(score_genes)
