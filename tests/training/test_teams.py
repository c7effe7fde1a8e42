"""Teams: one training, one pass or several, members as any other, and what is left when learning diverges."""

import copy
import json
import logging
import runpy
from pathlib import Path

import pytest
import torch

from heterodox.errors import UserError
from heterodox.explain.interface import load
from heterodox.networks.loading import Member, build, load_member
from heterodox.storage.members import read_description, read_weights
from heterodox.streams import torch_stream
from heterodox.training import batching
from heterodox.training.images import LabelledImages, pixels, read_images
from heterodox.training.loop import DivergenceError, train
from heterodox.training.losses import TeamLoss, attribution_diversity
from heterodox.training.members import new_member
from heterodox.training.recipe import Recipe
from heterodox.training.state import StateFile
from heterodox.training.supervision import Supervision, accuracy_and_loss
from heterodox.training.team_members import member_specs, new_team
from heterodox.training.teams import Team

TRAIN_TEAM = Path(__file__).resolve().parent.parent.parent / "scripts" / "train_team.py"
SHORT = {"epochs": 2, "batch_size": 16, "learning_rate": 0.005, "weight_decay": 0.0}
WHAT = ["independent", "gncl", "masked_gncl", "balanced", "attribution"]


def spec(archs=("vgg", "vgg", "vgg"), seed=1, recipe=SHORT, name="toy", **team):
    config = {"dataset": "sided", "seed": 1, "team": {"archs": list(archs), **team}, "recipe": dict(recipe)}
    return {"wildcards": {"team": name, "seed": str(seed)}, "config": config}


def team_of(images: LabelledImages, archs=("vgg", "vgg", "vgg"), batched=False, **loss) -> Team:
    return Team(new_team(spec(archs), images), TeamLoss(**loss), Recipe(**SHORT), 2, batched)


def draws_for(team: Team, images: LabelledImages) -> dict[str, torch.Tensor]:
    return team.draw(len(images), torch_stream(1, "test"))


@pytest.fixture
def run(files, tmp_path):
    """Return the function that runs the script on the toy files and returns the weights' paths."""

    def script(job, folder="members"):
        weights = [tmp_path / folder / f"{own['wildcards']['member']}.safetensors" for own in member_specs(job)]
        main = runpy.run_path(str(TRAIN_TEAM))["train_team"]
        main(spec=job, weights=weights, state=tmp_path / "state.pt", **files)
        return weights

    return script


def gradients(team: Team) -> dict[str, torch.Tensor]:
    return {name: values.grad.clone() for name, values in team.named_parameters()}


@pytest.mark.parametrize("arch", ["resnet", "vgg", "vit"])
@pytest.mark.parametrize("loss", ["gncl", "attribution"])
def test_one_batched_pass_and_separate_passes_learn_the_same(arch, loss, sided):
    """Losses, gradients, moved running statistics, and what both say afterwards."""
    separate = team_of(sided, [arch] * 3, loss=loss)
    batched = copy.deepcopy(separate)
    batched.batched = True
    draws, found = draws_for(separate, sided), []
    for team in (separate, batched):
        team.train()
        value = team.loss(sided.images, sided.labels, draws)
        value.backward()
        found.append(value)
    torch.testing.assert_close(found[1], found[0], rtol=1e-5, atol=1e-6)
    expected = gradients(separate)
    for name, values in gradients(batched).items():
        torch.testing.assert_close(
            values, expected[name], rtol=1e-3, atol=2e-5, msg=lambda text, n=name: f"{n}: {text}"
        )
    torch.testing.assert_close(dict(batched.named_buffers()), dict(separate.named_buffers()), rtol=1e-5, atol=1e-6)
    counters = [value for name, value in batched.named_buffers() if name.endswith("num_batches_tracked")]
    assert bool(counters) == (arch != "vit")
    assert all(value == 1 for value in counters)
    for team in (separate, batched):
        team.eval()
    seen = pixels(sided.images)
    torch.testing.assert_close(batched.logits(seen), separate.logits(seen), rtol=1e-4, atol=1e-5)


def test_an_independent_member_has_the_gradient_that_it_would_have_alone(sided):
    team = team_of(sided, ["vgg", "resnet"], loss="independent")
    alone = [Supervision(copy.deepcopy(member), team.recipe) for member in team.members]
    draws = draws_for(team, sided)
    team.train()
    team.loss(sided.images, sided.labels, draws).backward()
    for member, own in zip(team.members, alone, strict=True):
        own.train()
        own.loss(sided.images, sided.labels, draws).backward()
        for mine, others in zip(member.parameters(), own.member.parameters(), strict=True):
            torch.testing.assert_close(mine.grad, others.grad, rtol=1e-4, atol=1e-6)


def test_maps_are_the_saliency_of_each_members_own_top_class(sided):
    """As captum computes them in evaluation mode, whatever mode the team is in and whatever its networks are."""
    team = team_of(sided, ["vgg", "vit"], loss="attribution")
    seen = pixels(sided.images[:7])
    before = copy.deepcopy(dict(team.named_buffers()))
    maps = team.train().maps(seen)
    assert team.training
    assert all(module.training for module in team.modules())
    torch.testing.assert_close(dict(team.named_buffers()), before)  # no running statistics moved
    for member, own in zip(team.eval().members, maps, strict=True):
        expected = load("saliency")(member, seen, member(seen).argmax(1))
        torch.testing.assert_close(own.detach(), expected, rtol=1e-4, atol=1e-6)


def test_the_gradient_through_the_maps_agrees_with_finite_differences(sided):
    """A number of the last layer is nudged; the diversity of the maps follows as the double backward says."""
    team = team_of(sided, ["vgg", "vit"], loss="attribution").double().eval()
    seen = pixels(sided.images[:4]).double()
    weight = team.members[0].network.classifier.weight

    def diversity() -> torch.Tensor:
        return team.team_loss(team.logits(seen), sided.labels[:4], team.maps(seen)).diversity

    (slope,) = torch.autograd.grad(diversity(), weight)
    place, step = divmod(int(slope.abs().argmax()), slope.shape[1]), 1e-5
    found = []
    for nudge in (step, -2 * step):
        with torch.no_grad():
            weight[place] += nudge
        found.append(diversity().item())
    assert (found[0] - found[1]) / (2 * step) == pytest.approx(slope[place].item(), rel=1e-4)
    assert abs(slope[place].item()) > 1e-6


def test_only_the_first_images_of_a_batch_are_explained_where_that_is_asked(sided):
    found = {}
    for count in (96, 5):
        team = team_of(sided, loss="attribution", explained=count)
        team.train().loss(sided.images, sided.labels, draws_for(team, sided))
        found[count] = team.terms[1].item()
        maps = team.maps(pixels(sided.images[:count]))
        assert found[count] == pytest.approx(attribution_diversity(maps).item(), rel=1e-5)
    assert found[96] != found[5]


def test_where_networks_run_as_one(sided):
    member = new_team(spec(), sided)[0]
    assert not batching.worthwhile(["vgg", "vgg"], "small", member)  # slower on a CPU
    elsewhere = Member(build("vgg", (1, 8, 8), 2), [0.3], [0.2], (8, 8)).to("meta")
    devices, batching.DEVICES = batching.DEVICES, ("meta",)
    try:
        assert batching.worthwhile(["vgg", "vgg"], "small", elsewhere)
        assert not batching.worthwhile(["vgg", "vit"], "small", elsewhere)
        assert not batching.worthwhile(["vgg", "vgg"], "vgg11", elsewhere)
        elsewhere.network.features.append(torch.nn.Dropout(0.1))
        assert not batching.worthwhile(["vgg", "vgg"], "small", elsewhere)
    finally:
        batching.DEVICES = devices


def test_members_begin_differently_and_the_seed_changes_all_of_them(sided):
    starts = [
        member.network.state_dict()["classifier.weight"]
        for seed in (1, 2)
        for member in new_team(spec(seed=seed), sided)
    ]
    assert all(not torch.equal(a, b) for i, a in enumerate(starts) for b in starts[:i])


def test_teams_of_one_seed_begin_with_the_same_networks_whatever_they_learn(sided):
    teams = [
        new_team(spec(["vgg", "vit"], name="first", loss="gncl"), sided),
        new_team(spec(["vgg", "vit", "vgg"], name="second", loss="attribution"), sided),
    ]
    for one, other in zip(*teams, strict=False):
        torch.testing.assert_close(other.network.state_dict(), one.network.state_dict(), rtol=0, atol=0)
    alone = new_member(member_specs(spec())[0], sided).network.state_dict()
    assert not torch.equal(alone["classifier.weight"], teams[0][0].network.state_dict()["classifier.weight"])


def test_teams_of_one_seed_see_the_same_batches_and_end_alike_where_lambda_is_zero(run, tmp_path, monkeypatch):
    """Every batch of both trainings, with its flips and shifts, and the weights after two epochs, bit for bit."""
    seen: dict[str, list] = {}
    loss = Team.loss

    def recorded(team, images, labels, draws):
        seen[team.team_loss.loss].append((images, labels, *draws.values()))
        return loss(team, images, labels, draws)

    monkeypatch.setattr(Team, "loss", recorded)
    jobs = [spec(name="first", loss="independent"), spec(name="second", loss="gncl", **{"lambda": 0.0})]
    recipe = {**SHORT, "flip": True, "shift": 1}
    for job in jobs:
        job["config"]["recipe"] = recipe
        seen[job["config"]["team"]["loss"]] = []
        run(job)
    first, second = seen.values()
    assert len(first) == len(second) == 2 * (96 // 16)
    torch.testing.assert_close(second, first, rtol=0, atol=0)
    for place in (1, 2, 3):
        one, other = (
            read_weights(tmp_path / "members" / f"{name}-1-{place}.safetensors") for name in ("first", "second")
        )
        torch.testing.assert_close(other, one, rtol=0, atol=0)


def test_members_of_a_team_are_members_like_any_other(run, files):
    weights = run(spec(["vgg", "resnet"], loss="gncl", consensus="median_logit"))
    assert [path.stem for path in weights] == ["toy-1-1", "toy-1-2"]
    images = read_images(files["validation"], torch.device("cpu"))
    logits = []
    for place, path in enumerate(weights, 1):
        described, member = read_description(path), load_member(path)
        assert accuracy_and_loss(member, images)["validation_accuracy"] == described["validation_accuracy"]
        assert [entry["epoch"] for entry in described["history"]] == [1, 2]
        assert described["history"][described["best_epoch"] - 1]["validation_loss"] == described["validation_loss"]
        told = {key: described[key] for key in ("member", "team", "place", "team_loss", "penalty_consensus", "lambda")}
        assert list(told.values()) == [path.stem, "toy", place, "gncl", "median_logit", 0.2]
        assert (described["reduction"], described["diverged_epoch"], described["member_seed"]) == ("paper", None, 1)
        json.dumps(described, allow_nan=False)
        logits.append(member(pixels(images.images)))
    ensemble = (torch.stack(logits).mean(0).argmax(1) == images.labels).double().mean().item()
    assert ensemble == pytest.approx(described["team_validation_accuracy"])
    accuracies = [entry["team_validation_accuracy"] for entry in described["history"]]
    assert accuracies.index(max(accuracies)) == described["best_epoch"] - 1


def test_a_member_alone_and_a_member_of_a_team_have_descriptions_of_the_same_keys(run, files, tmp_path):
    of_team = read_description(run(spec())[0])
    alone = runpy.run_path(str(TRAIN_TEAM.parent / "train_member.py"))["train_member"]
    job = {
        "wildcards": {"member": "vgg"},
        "config": {"dataset": "sided", "seed": 1, "member": {"arch": "vgg"}, "recipe": SHORT},
    }
    alone(spec=job, weights=tmp_path / "vgg.safetensors", state=tmp_path / "vgg.pt", **files)
    assert set(read_description(tmp_path / "vgg.safetensors")) <= set(of_team)


@pytest.mark.parametrize("loss", WHAT)
def test_every_loss_teaches_a_team(loss, run):
    described = read_description(run(spec(loss=loss, recipe={**SHORT, "epochs": 3}))[0])
    assert described["team_validation_accuracy"] > 0.8
    assert described["history"][-1]["cross_entropy"] < described["history"][0]["cross_entropy"]
    assert (described["history"][-1]["diversity"] > 0) == (loss != "independent")


def test_the_attribution_loss_keeps_its_last_epoch_and_the_others_their_best(sided):
    assert team_of(sided, loss="attribution").criterion is None
    assert {team_of(sided, loss=loss).criterion for loss in WHAT[:4]} == {"team_validation_accuracy"}


class Diverging(Team):
    """Its weights become infinite in the middle of the third epoch."""

    def after_step(self, done):
        if done > 2.5 / self.recipe.epochs:
            with torch.no_grad():
                next(self.members.parameters()).fill_(float("inf"))


def diverging(sided, tmp_path, **loss):
    recipe = Recipe(**{**SHORT, "epochs": 4})
    team = Diverging(new_team(spec(), sided), TeamLoss(**loss), recipe, 2)
    with pytest.raises(DivergenceError, match=r"toy: .* finite in epoch 3; lower lambda, set a cap") as caught:
        train(team, sided, sided, recipe, 1, "toy", StateFile(tmp_path / "state.pt", "toy", 0.0))
    return caught.value.progress


def test_a_divergence_leaves_the_weights_of_the_sane_epochs(sided, tmp_path):
    best, last = (diverging(sided, tmp_path / loss, loss=loss) for loss in ("gncl", "attribution"))
    for progress in (best, last):
        assert [entry["epoch"] for entry in progress.history] == [1, 2]
        assert all(values.isfinite().all() for values in progress.weights.values())
    assert last.best_epoch == 2
    assert best.best_score == max(entry["team_validation_accuracy"] for entry in best.history)


def test_a_team_that_diverges_later_is_written_with_what_it_had(run, monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    fault = Team.fault
    monkeypatch.setattr(Team, "fault", lambda self, measured: fault(self, measured) or self._third(), raising=True)
    monkeypatch.setattr(Team, "_third", third_time(), raising=False)
    weights = run(spec(recipe={**SHORT, "epochs": 5}))
    described = read_description(weights[0])
    assert described["diverged_epoch"] == 3
    assert len(described["history"]) == 2
    assert "in epoch 3; lower lambda" in caplog.text
    assert "2 epochs were sane" in caplog.text
    assert set(read_weights(weights[1])) == set(load_member(weights[1]).network.state_dict())


def third_time():
    calls = iter([None, None, "toy fault"])
    return lambda self: next(calls)


@pytest.mark.parametrize(
    ("loss", "recipe"),
    [
        ({"loss": "attribution", "normalise": "none", "lambda": 1e4}, {"learning_rate": 0.05}),
        ({"loss": "gncl", "lambda": 50.0, "consensus": "majority_vote"}, {"learning_rate": 0.05}),
    ],
)
def test_a_team_that_never_was_sane_is_one_line(loss, recipe, run):
    with pytest.raises(UserError, match=r"toy 1: .* in epoch 1; lower lambda, set a cap") as raised:
        run(spec(recipe={**SHORT, **recipe}, **loss))
    assert "\n" not in str(raised.value)


def test_a_cap_keeps_the_very_same_team_sane(run):
    described = read_description(run(spec(loss="gncl", consensus="majority_vote", cap=0.01, **{"lambda": 50.0}))[0])
    assert described["diverged_epoch"] is None
    assert max(entry["diversity"] for entry in described["history"]) <= 0.01


def test_bounds_of_sanity(sided):
    """Two classes: 2 ln 2 = 1.386 nats, for the cross-entropy and for what the diversity takes off each member."""
    team = team_of(sided, loss="gncl", weight=0.3)  # 0.3 / 3 of the diversity is a member's
    sane = {"cross_entropy": 1.38, "diversity": 13.8, "team_validation_loss": 9.0}
    assert team.fault(sane) is None
    assert team.fault({**sane, "cross_entropy": 1.39}) == "the members' cross-entropy of 1.39 nats exceeds 1.39"
    assert "diversity's gain of 1.39 nats per member" in team.fault({**sane, "diversity": 13.9})
    assert "no longer finite" in team.fault({**sane, "team_validation_loss": float("nan")})
    assert team_of(sided, loss="gncl", weight=0.3, cap=14.0).fault({**sane, "diversity": 13.9}) is None
    assert team_of(sided, loss="attribution", weight=9.0).fault({**sane, "diversity": 0.6}) is None
    assert "gain" in team_of(sided, loss="attribution", weight=9.0, normalise="none").fault({**sane, "diversity": 0.6})
    assert "gain" in team_of(sided, loss="gncl", weight=0.3, reduction="gncl").fault({**sane, "diversity": 4.7})


@pytest.mark.parametrize(
    ("team", "fault"),
    [
        ({"archs": ["vgg"]}, r"teams\.toy\.archs: a team has at least two members, not 1"),
        ({"archs": ["vgg", "vgx"]}, r"arch vgx: no such architecture; known are"),
        ({"archs": ["vgg", "vgg"], "lambda": -1.0}, r"teams\.toy\.lambda must lie in 0\.\.inf, not -1"),
        ({"archs": ["vgg", "vgg"], "consensus": "mode"}, r"teams\.toy\.consensus must be one of"),
        ({"archs": ["vgg", "vgg"], "loss": "ncl"}, r"teams\.toy\.loss must be one of"),
        ({"archs": ["vgg", "vgg"], "recipe": {"epochs": 0}}, r"teams\.toy: recipe\.epochs must lie in 1\.\."),
    ],
)
def test_bad_input_is_one_line(team, fault, run):
    with pytest.raises(UserError, match=fault) as raised:
        run(spec(**team))
    assert "\n" not in str(raised.value)
