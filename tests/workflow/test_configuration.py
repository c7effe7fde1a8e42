"""The configuration: defaults, one-line faults, registries equal to the library's folders, a true reference."""

import copy
import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from heterodox.corruptions import interface as corruptions
from heterodox.ensembles.kernels import RULES
from heterodox.explain import interface as explanations
from heterodox.networks import loading
from heterodox.training.cells import CellRecipe
from heterodox.training.losses import TeamLoss
from heterodox.training.recipe import Pretraining, Probe, Recipe
from heterodox.training.shrinking import Shrinking
from heterodox.training.subnetworks import Selection
from tests.workflow.conftest import Checkout
from workflow import configuration

ROOT = Path(__file__).resolve().parent.parent.parent
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml")), ROOT / "tests/smoke/config.yaml"]


def default_config() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def faults(change) -> list[str]:
    config = default_config()
    change(config)
    return configuration.complete(config)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_is_sound(path: Path) -> None:
    assert configuration.complete(yaml.safe_load(path.read_text(encoding="utf-8"))) == []


def test_registries_are_the_folders_of_the_library() -> None:
    properties = configuration.read_schema()["properties"]
    member = properties["members"]["additionalProperties"]
    assert member["then"]["properties"]["arch"]["enum"] == loading.names()
    assert properties["corruptions"]["propertyNames"]["enum"] == corruptions.names()
    assert properties["explanations"]["properties"]["methods"]["items"]["enum"] == explanations.names()
    pool = properties["pools"]["additionalProperties"]["properties"]
    assert sorted(pool["consensus"]["items"]["enum"]) == sorted(RULES)


@pytest.mark.parametrize(
    ("definition", "fields"),
    [
        ("recipe", Recipe),
        ("pretraining", Pretraining),
        ("probe", Probe),
        ("shrinking", Shrinking),
        ("cell_recipe", CellRecipe),
    ],
)
def test_schema_and_dataclass_name_the_same_fields_and_defaults(definition: str, fields: Any) -> None:
    entries = configuration.read_schema()["$defs"][definition]["properties"]
    described = {name: entry["default"] for name, entry in entries.items()}
    defaults = {
        field.name: list(field.default) if isinstance(field.default, tuple) else field.default
        for field in dataclasses.fields(fields)
    }
    assert described == defaults


@pytest.mark.parametrize(
    ("keys", "fields"),
    [(("teams", "additionalProperties"), TeamLoss), (("supernetwork", "properties", "selection"), Selection)],
)
def test_schema_and_library_agree_on_teams_and_selection(keys: tuple[str, ...], fields: Any) -> None:
    entry = configuration.read_schema()["properties"]
    for key in keys:
        entry = entry[key]
    known = {field.metadata.get("key", field.name): field for field in dataclasses.fields(fields)}
    assert known.keys() <= entry["properties"].keys()
    for name, field in known.items():
        assert entry["properties"][name]["default"] == field.default
        if "choices" in field.metadata:
            assert sorted(entry["properties"][name]["enum"]) == sorted(field.metadata["choices"])


def _unknown(config):
    config["corruption"] = {}


def _unknown_deep(config):
    config["recipes"]["cnn"]["learning_rat"] = 1.0


def _zero(config):
    config["corruptions"]["lines"] = [0]


def _team_of_one(config):
    config["teams"]["balanced"]["archs"] = ["resnet"]


def _teams_of_two_sizes(config):
    config["teams"]["balanced"]["archs"] = ["resnet", "resnet"]


def _negative_lambda(config):
    config["teams"]["balanced"]["lambda"] = -0.1


def _consensus(config):
    config["teams"]["masked_gncl"]["consensus"] = "mean"


def _recipe_of_a_team(config):
    config["teams"]["balanced"]["recipe"] = "teams"


def _name_of_a_team_member(config):
    config["members"]["balanced-2-3"] = config["members"]["resnet"]


def _team_of_a_sweep(config):
    config["sweeps"]["gncl"]["team"] = "gncl"


def _transformer_as_supernetwork(config):
    config["supernetwork"]["of"] = "vit"


def _pool_of_the_supernetwork(config):
    config["pools"]["subnetworks"] = config["pools"]["architectures"]


def _compared_member(config):
    config["method_agreement"]["members"] = ["resnet", "vgg", "subnet_12"]


def _seed_of_a_shown_team(config):
    config["figures"]["team_maps"]["teams"][1]["seed"] = 3


def _family(config):
    config["difficulty"] = {"families": {"CNN": ["resnet", "vgg"], "ViT": ["vit", "beit"]}}


def _shown_heuristic(config):
    config["figures"]["heuristics"] = {"teams": ["gncl"]}


def _negative(config):
    config["corruptions"]["lines"] = [-1.6]


def _arch(config):
    config["members"]["resnet"]["arch"] = "resnett"


def _corruption(config):
    config["corruptions"]["fog"] = [1.0]


def _small(config):
    config["pools"]["architectures"]["members"] = ["vgg", "resnet"]


def _member(config):
    config["pools"]["architectures"]["members"][0] = "nobody"


def _text(config):
    config["recipes"]["cnn"]["learning_rate"] = "1e-3"


def _plus(config):
    config["members"]["a+b"] = config["members"]["vgg"]


def _slash(config):
    config["members"]["a/b"] = config["members"]["vgg"]


def _teacher(config):
    config["members"]["deit"]["teacher"] = "nobody"


def _recipe(config):
    config["members"]["vgg"]["recipe"] = "nothing"


def _change(config):
    config["members"]["vgg"]["changes"] = {"epoch": 3}


def _data(**entries):
    def change(config):
        config["data"] = entries

    return change


FOLDER = {"source": "image_folder", "folder": "images", "resize": 256, "crop": 224, "validation": 0.1}
TORCHVISION = {"source": "torchvision", "name": "CIFAR10", "folder": "data", "validation": 5000}


def without(entries, key):
    return _data(**{name: value for name, value in entries.items() if name != key})


def _null(config):
    config["data"] = FOLDER | {"crop": None}


def _changed_value(config):
    config["members"]["vgg"]["changes"] = {"epochs": "three"}


def _changed_beyond_range(config):
    config["members"]["vgg"]["changes"] = {"betas": [0.9, 1.5]}


def _key_of_a_member(config):
    config["members"][7] = config["members"]["vgg"]


def _key_of_a_pool(config):
    config["pools"][True] = config["pools"]["architectures"]


def _severity(severity):
    def change(config):
        config["corruptions"]["lines"].append(severity)

    return change


def _outside_teacher(config):
    config["members"]["theirs"] = {"dump": "theirs/{shift}.h5", "parameters": 5}
    config["members"]["deit"]["teacher"] = "theirs"


def _share(config):
    config["members"]["theirs"] = {"dump": "theirs/{shift}.h5", "parameters": 5, "validation_accuracy": 81.5}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (_data(name="fashion_mnist_small"), "data: 'source' is a required"),
        (_data(source="embedded"), "data: 'name' is a required"),
        *((without(TORCHVISION, key), f"data: '{key}' is a required") for key in ("name", "folder", "validation")),
        *((without(FOLDER, key), f"data: '{key}' is a required") for key in ("folder", "validation")),
        *((without(FOLDER, key), f"data.{key}: missing or null") for key in ("resize", "crop")),
        (_null, "data.crop: missing or null"),
        (_changed_value, "members.vgg.changes.epochs"),
        (_changed_beyond_range, "members.vgg.changes.betas.1"),
        (_key_of_a_member, "members: YAML reads the name 7 as int"),
        (_key_of_a_pool, "pools: YAML reads the name True as bool"),
        *((_severity(value), "corruptions.lines: ") for value in (1e-5, 1e16, float("inf"), float("nan"))),
        (_outside_teacher, "members.deit.teacher: 'theirs' is a dump made elsewhere"),
        (_share, "members.theirs.validation_accuracy"),
        (_unknown, "corruption"),
        (_unknown_deep, "recipes.cnn"),
        (_team_of_one, "teams.balanced.archs"),
        (_teams_of_two_sizes, "teams: all teams of a study have the same number of members"),
        (_negative_lambda, "teams.balanced.lambda"),
        (_consensus, "teams.masked_gncl.consensus"),
        (_recipe_of_a_team, "teams.balanced.recipe: 'teams' is not in recipes"),
        (_name_of_a_team_member, "members.balanced-2-3: this name belongs to a team"),
        (_team_of_a_sweep, "sweeps.gncl.team: there is no team 'gncl'"),
        (_transformer_as_supernetwork, "supernetwork.of: 'vit' is no member with arch resnet"),
        (_pool_of_the_supernetwork, "pools.subnetworks: this name is taken"),
        (_compared_member, "method_agreement.members: there is no member 'subnet_12'"),
        (_seed_of_a_shown_team, "figures.team_maps.teams.1: no team 'gncl_mean_logit' is trained with seed 3"),
        (_family, "difficulty.families.ViT: there is no member 'beit'"),
        (_shown_heuristic, "figures.heuristics.teams: there is no team 'gncl'"),
        (_zero, "corruptions.lines.0"),
        (_negative, "corruptions.lines.0"),
        (_arch, "members.resnet.arch"),
        (_corruption, "fog"),
        (_small, "pools.architectures"),
        (_member, "pools.architectures.members"),
        (_text, "recipes.cnn.learning_rate"),
        (_plus, "a+b"),
        (_slash, "a/b"),
        (_teacher, "members.deit.teacher"),
        (_recipe, "members.vgg.recipe"),
        (_change, "members.vgg.changes"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_fault_is_one_line_that_names_the_key(change, where: str) -> None:
    found = faults(change)
    assert len(found) == 1
    assert found[0].startswith("config: ")
    assert where in found[0]
    assert "\n" not in found[0]


@pytest.mark.parametrize("data", [FOLDER, TORCHVISION], ids=lambda data: data["source"])
def test_a_source_with_all_it_needs_is_sound(data: dict[str, Any]) -> None:
    assert faults(_data(**data)) == []


def test_a_severity_as_small_as_its_name_allows_is_sound() -> None:
    assert faults(_severity(0.0001)) == []


def test_defaults_do_not_leak_between_members() -> None:
    config = default_config()
    assert configuration.complete(config) == []
    config["members"]["vgg"]["changes"]["epochs"] = 3
    assert config["members"]["resnet"]["changes"] == {}


def test_completing_twice_changes_nothing() -> None:
    config = default_config()
    configuration.complete(config)
    once = copy.deepcopy(config)
    assert configuration.complete(config) == []
    assert config == once


def test_snakemake_shows_the_line_and_stops(checkout: Checkout) -> None:
    checkout.edit("config.yaml", "\ndataset: ", "\ndatasets: ")
    done = checkout.snakemake("--dry-run", check=False)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("config: ")]
    assert len(lines) == 2  # the unknown key, and the missing one
    assert "Traceback" not in done.stderr


def test_one_name_never_means_two_data_sets_or_two_networks() -> None:
    data: dict[str, Any] = {}
    members: dict[str, Any] = {}
    for path in CONFIGS:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        configuration.complete(config)
        name = config["dataset"]
        assert data.setdefault(name, config["data"]) == config["data"]
        for member, entry in config["members"].items():
            sections = {"recipe": "recipes", "pretraining": "pretraining", "probe": "probes"}
            whole = [entry, *(config[section].get(entry.get(key)) for key, section in sections.items())]
            assert members.setdefault((name, member), whole) == whole


def test_the_reference_is_made_from_the_schema() -> None:
    written = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert written == configuration.reference(), f"run `make reference` ({sys.executable})"


def test_a_configuration_without_any_study_is_refused():
    assert configuration.complete({"dataset": "x"}) == [
        "config: top level: no study; add members with pools, explanation_study, pruning or cells"
    ]


def test_members_need_data_and_pools():
    def leave_out(config):
        del config["data"], config["pools"]

    assert {
        "config: data: missing; name where the images come from",
        "config: pools: missing; name the members from which ensembles are drawn",
    } <= set(faults(leave_out))
