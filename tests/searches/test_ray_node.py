"""What `ray start` is told on one node."""

import importlib.util

import pytest

from heterodox.searches.ray_node import ray_start


@pytest.fixture(autouse=True)
def granted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "6")
    monkeypatch.delenv("SLURM_GPUS_ON_NODE", raising=False)


def test_ray_has_the_cpus_and_gpus_of_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"--num-cpus=6", "--num-gpus=0"} <= set(ray_start("/tmp/x", []))
    monkeypatch.setenv("SLURM_GPUS_ON_NODE", "2")
    assert {"--num-cpus=6", "--num-gpus=2"} <= set(ray_start("/tmp/x", []))


def test_only_the_head_has_the_options_of_a_head() -> None:
    only_head = {"--port=0", "--include-dashboard=false"}
    assert only_head <= set(ray_start("/tmp/x", ["--head"]))
    assert not only_head & set(ray_start("/tmp/x", ["--address=10.0.0.1:4321"]))


@pytest.mark.parametrize("installed", [True, False])
def test_where_grpc_is_installed_the_client_server_gets_a_port_of_its_own(
    installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if installed else None)
    ports = [word for _ in "12" for word in ray_start("/tmp/x", ["--head"]) if "client-server-port" in word]
    assert len(set(ports)) == (2 if installed else 0)
