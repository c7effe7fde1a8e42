"""What runs again after a change: exactly what depends on it, asked from dry runs of the default study."""

import shutil
from collections import Counter

import yaml

from tests.workflow.conftest import Checkout

TRAINING = {"train_member", "train_team", "train_supernetwork", "pretrain_backbone", "probe_member", "fetch_member"}
MEMBERS = 14


def drawn(jobs: Counter[str]) -> set[str]:
    return {rule for rule in jobs if rule.startswith("draw_")}


def change_config(checkout: Checkout, change) -> None:
    path = checkout.folder / "config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(config)
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def test_nothing_changed_plans_nothing(finished: Checkout) -> None:
    assert finished.planned() == Counter()


def test_layout_of_the_config_and_order_of_values_plan_nothing(finished: Checkout) -> None:
    def reverse(config):
        for section in ("recipes", "members"):
            config[section] = {name: dict(reversed(entry.items())) for name, entry in config[section].items()}

    change_config(finished, reverse)
    assert finished.planned() == Counter()


def test_one_more_corruption_trains_nothing(finished: Checkout) -> None:
    change_config(finished, lambda config: config["corruptions"].update(gaussian_noise=[2.0]))
    jobs = finished.planned()
    assert jobs["corrupt_images"] == 1
    assert jobs["dump_member"] == MEMBERS
    assert jobs["score_ensembles"] == 3  # one per pool, that of the cells included
    assert jobs["bootstrap_trends"] == 2
    assert jobs["collect_ensembles"] == 1
    assert not TRAINING & set(jobs)


def test_learning_rate_of_one_member_trains_that_member(finished: Checkout) -> None:
    change_config(
        finished, lambda config: config["members"]["densenet"].setdefault("changes", {}).update(learning_rate=1.0e-4)
    )
    jobs = finished.planned()
    assert jobs["train_member"] == 1
    assert jobs["dump_member"] == 5
    assert jobs["score_ensembles"] == 5
    assert "corrupt_images" not in jobs


def test_lambda_of_one_heuristic_trains_that_team_alone(finished: Checkout) -> None:
    change_config(finished, lambda config: config["teams"]["masked_gncl"].update({"lambda": 0.3}))
    jobs = finished.planned()
    assert jobs["train_team"] == 2  # two seeds
    assert jobs["dump_team"] == 2 * 5
    assert jobs["score_teams"] == 5
    unchanged = {"sweep_lambda", "train_supernetwork", "dump_member", "dump_subnetworks", "score_ensembles"}
    assert not (unchanged | (TRAINING - {"train_team"})) & set(jobs)


def test_another_count_of_subnetworks_does_not_train_the_supernetwork(finished: Checkout) -> None:
    change_config(finished, lambda config: config["supernetwork"].update(selection={"subnetworks": 7}))
    jobs = finished.planned()
    assert jobs["extract_subnetworks"] == 1
    assert jobs["dump_subnetworks"] == 5
    assert not {"train_supernetwork", "train_team", "dump_member", "dump_team"} & set(jobs)


def test_another_label_of_a_member_trains_nothing(finished: Checkout) -> None:
    change_config(finished, lambda config: config["members"]["densenet"].update({"class": "NAS"}))
    jobs = finished.planned()
    assert jobs["tabulate_members"] == 1
    assert not {"dump_member", "score_ensembles", *TRAINING} & set(jobs)


def test_comment_and_docstring_in_any_module_plan_nothing(finished: Checkout) -> None:
    for file in [*finished.folder.rglob("src/heterodox/**/*.py"), *finished.folder.glob("scripts/*.py")]:
        file.write_text(file.read_text(encoding="utf-8") + "\n# A remark that changes nothing.\n", encoding="utf-8")
    finished.edit("src/heterodox/streams.py", '"""Named random generators.', '"""Named generators of random numbers.')
    assert finished.planned() == Counter()


def test_changed_statement_reaches_the_scripts_that_import_it(finished: Checkout) -> None:
    path = finished.folder / "src/heterodox/corruptions/lines.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nCHANGED = True\n", encoding="utf-8")
    jobs = finished.planned()
    assert jobs["corrupt_images"] == 1
    assert jobs["dump_member"] == MEMBERS
    assert jobs["score_ensembles"] == 3
    assert not TRAINING & set(jobs)


def test_changed_figure_module_draws_that_figure(finished: Checkout) -> None:
    path = finished.folder / "src/heterodox/figures/trend_grid.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nCHANGED = True\n", encoding="utf-8")
    jobs = finished.planned()
    assert drawn(jobs) == {"draw_trend_grid"}
    assert set(jobs) - drawn(jobs) <= {"all", "resilience", "figures"}


def test_new_corruption_file_makes_one_shift(finished: Checkout) -> None:
    folder = finished.folder / "src/heterodox/corruptions"
    (folder / "salt.py").write_text((folder / "gaussian_noise.py").read_text(encoding="utf-8"), encoding="utf-8")
    assert finished.planned() == Counter()
    change_config(finished, lambda config: config["corruptions"].update(salt=[2.0]))
    jobs = finished.planned()
    assert jobs["corrupt_images"] == 1
    assert jobs["dump_member"] == MEMBERS
    assert not TRAINING & set(jobs)


def test_new_architecture_file_trains_one_member(finished: Checkout) -> None:
    folder = finished.folder / "src/heterodox/networks/zoo"
    (folder / "other.py").write_text((folder / "resnet.py").read_text(encoding="utf-8"), encoding="utf-8")
    assert finished.planned() == Counter()

    def add(config):
        config["members"]["other"] = config["members"]["resnet"] | {"arch": "other"}

    change_config(finished, add)
    jobs = finished.planned("members")
    assert jobs["train_member"] == 1
    assert set(jobs) == {"train_member", "members"}


def test_another_pin_of_timm_runs_the_stages_that_import_it(finished: Checkout) -> None:
    path = finished.folder / "envs/requirements.txt"
    lines = ["timm==9.9.9" if line.startswith("timm==") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    jobs = finished.planned()
    assert jobs["train_member"] + jobs["probe_member"] == MEMBERS
    assert jobs["dump_member"] == MEMBERS * 5
    assert "corrupt_images" not in jobs
    assert "prepare_data" not in jobs


def test_figures_can_be_removed_and_drawn_again(finished: Checkout) -> None:
    shutil.rmtree(finished.folder / "results/fashion_mnist_small/figures")
    jobs = finished.planned("figures")
    assert jobs
    assert {rule for rule in jobs if not rule.startswith("draw_")} == {"figures"}
