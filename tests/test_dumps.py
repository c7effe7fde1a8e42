import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox import dumps
from heterodox.errors import UserError
from heterodox.networks import loading
from heterodox.storage.dumps import DumpFile
from heterodox.storage.images import ImageFile, write_images
from heterodox.storage.members import write_member

CLASSES = ["a", "b", "c"]
DESCRIPTION = {
    "member": "plain",
    "arch": "vgg",
    "model": "small",
    "classes": CLASSES,
    "mean": [0.3],
    "std": [0.2],
    "resolution": [28, 28],
    "channels": 1,
    "seed": 4,
}


@pytest.fixture
def images(tmp_path):
    random = np.random.default_rng(0)
    path, pixels = tmp_path / "lines-1.6.h5", random.integers(0, 256, (23, 28, 28, 1), dtype=np.uint8)
    with write_images(path, (28, 28, 1), random.integers(0, 3, 23), np.arange(100, 123), CLASSES) as writer:
        writer.append(pixels)
    return path


@pytest.fixture
def member():
    network = loading.build("vgg", (1, 28, 28), 3, seed=1).train()
    for _ in range(20):
        network(2 * torch.rand(16, 1, 28, 28))
    return loading.Member(network, [0.3], [0.2], (28, 28)).eval()


def written(member, images, path, **settings):
    with ImageFile(images) as file:
        dumps.dump(member, file, path, ["saliency", "integrated_gradients-2"], **settings)
    with DumpFile(path) as dump:
        maps = dump.saliency("saliency").astype(np.float32) * dump.saliency_scale("saliency")[:, None, None, None]
        return dump.logits(), maps, dump.index, dump.labels, dump.methods(), dump.attributes


def test_a_dump_holds_what_autograd_gives_image_by_image(member, images, tmp_path):
    logits, maps, index, labels, methods, attributes = written(
        member, images, tmp_path / "d.h5", attributes={"seed": 4}
    )
    assert methods == ["integrated_gradients-2", "saliency"]
    assert attributes == {"seed": 4}
    with ImageFile(images) as file:
        np.testing.assert_array_equal(index, file.index)
        np.testing.assert_array_equal(labels, file.labels)
        for row, image in enumerate(file.images()):
            pixels = torch.tensor(image[None, :, :, 0] / 255, dtype=torch.float32)[None].requires_grad_()
            output = member(pixels)[0]
            (gradient,) = torch.autograd.grad(output.max(), pixels)
            np.testing.assert_allclose(logits[row], output.detach(), rtol=1e-3, atol=1e-4)
            largest = gradient.abs().max().item()  # float16 maps: three digits of the largest value
            np.testing.assert_allclose(maps[row], gradient[0].abs(), atol=1e-3 * largest)


def test_a_dump_does_not_depend_on_the_batch(member, images, tmp_path):
    whole, few, single = (written(member, images, tmp_path / f"{size}.h5", batch_size=size) for size in (23, 5, 1))
    for other in (few, single):
        np.testing.assert_allclose(other[0], whole[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(other[1], whole[1], atol=2e-3 * whole[1].max())


def test_images_of_another_kind_are_refused(member, images, tmp_path):
    other = loading.Member(member.network, [0.3] * 3, [0.2] * 3, (28, 28))
    with pytest.raises(UserError, match=r"lines-1.6.h5: 1 channels, but the member takes 3"):
        written(other, images, tmp_path / "d.h5")
    other = loading.Member(loading.build("vgg", (1, 28, 28), 5), [0.3], [0.2], (28, 28))
    with pytest.raises(UserError, match=r"lines-1.6.h5: 3 classes, but the member knows 5"):
        written(other, images, tmp_path / "d.h5")
    with ImageFile(images) as file, pytest.raises(UserError, match=r"m.safetensors: its 3 classes are not the 3 of"):
        dumps.check_classes(CLASSES[::-1], Path("m.safetensors"), file)
    assert not (tmp_path / "d.h5").exists()


def test_the_script_writes_a_dump_that_says_where_it_comes_from(member, images, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "scripts")
    from dump_member import dump_member

    weights, path = tmp_path / "plain.safetensors", tmp_path / "dumps" / "plain.h5"
    write_member(weights, member.network.state_dict(), DESCRIPTION)
    spec = {
        "wildcards": {"member": "plain", "shift": "lines-1.6"},
        "config": {"dataset": "toy", "seed": 1, "methods": ["saliency"]},
        "code": "",
    }
    dump_member(spec, weights, images, path, tmp_path / "state" / "plain.h5")
    assert list((tmp_path / "state").iterdir()) == []
    with DumpFile(path) as dump:
        found = dump.attributes
        assert dump.methods() == ["saliency"]
    assert {name: found[name] for name in ("member", "arch", "dataset", "shift", "seed")} == {
        "member": "plain",
        "arch": "vgg",
        "dataset": "toy",
        "shift": "lines-1.6",
        "seed": 4,
    }
    assert json.loads(found["config"]) == spec["config"]
    assert found["torch_version"] == torch.__version__
    assert {"package_version", "git_commit", "device"} < set(found)
    sys.modules.pop("dump_member")
