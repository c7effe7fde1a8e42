"""Find sub-networks of about one size in a super-network and make each an ordinary member."""

import json
from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.networks.subnetwork_spaces import parameter_counts
from heterodox.storage.atomic import write_text
from heterodox.storage.members import description_path, read_description, write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training.images import read_images
from heterodox.training.members import description
from heterodox.training.shrinking import (
    Shrinking,
    calibration_images,
    load_residual_member,
    space_of_recipe,
    submember,
)
from heterodox.training.state import StateFile
from heterodox.training.subnetworks import (
    Selection,
    choose,
    draw_candidates,
    measure_candidates,
    selection_record,
    window,
)


def extract_subnetworks(
    spec: dict,
    train: Path,
    validation: Path,
    supernetwork: Path,
    weights: list[Path],
    record: Path,
    state: Path,
    state_seconds: float = 30.0,
) -> None:
    """Choose the sub-networks, write them to `weights`, the best first, and how they were found to `record`."""
    config, device = spec["config"], available_device()
    selection = Selection.from_config(config["selection"], "supernetwork")
    described = read_description(supernetwork)
    recipe = Shrinking.from_config(described["recipe"], f"{supernetwork}: recipe")
    images, held_out = read_images(train, device), read_images(validation, device)
    largest = load_residual_member(supernetwork, images)
    space = space_of_recipe(largest.network, recipe)
    counts = parameter_counts(largest.network, space)
    found = window(counts, selection)
    rows = draw_candidates(found, selection, config["seed"])
    candidates = [space.at(choices) for choices in space.choices(rows)]
    calibration = calibration_images(images, recipe, config["seed"])
    inputs = [train, validation, supernetwork, description_path(supernetwork)]
    state_file = StateFile(state, fingerprint(spec, inputs), state_seconds)
    measured = measure_candidates(largest, candidates, calibration, recipe.batch_size, held_out, state_file)
    taken = choose(space, rows, measured, selection)
    for path, place in zip(weights, taken, strict=True):
        model = f"{described['model']} {candidates[place]}"
        entry = {"member": {"arch": "subnetwork", "model": model, "seed": described["member_seed"]}}
        job = {"wildcards": {"member": path.stem}, "config": config | entry}
        small = submember(largest, candidates[place], calibration, recipe.batch_size)
        outcome = measured[place] | {"of": described["of"]}
        write_member(path, small.network.state_dict(), description(job, small, images, recipe, **outcome))
    names = {place: path.stem for path, place in zip(weights, taken, strict=True)}
    found_how = selection_record(space, counts, found, selection, rows, measured, names)
    write_text(record, json.dumps(found_how, indent=2) + "\n")
    state_file.remove()


if __name__ == "__main__":
    command.run(extract_subnetworks)
