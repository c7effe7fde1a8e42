import subprocess
import sys

PROGRAM = """
from heterodox import torchvision_operators
torchvision_operators.declare()
torchvision_operators.declare()
import torchvision.models, torchvision.transforms.v2, torchvision.datasets
print(torchvision.models.resnet18().fc.out_features)
"""

COMPILER = """
import sys, torch
from heterodox.networks.loading import build
network = build("resnet", (1, 28, 28), 10).eval()
images = torch.zeros(2, 1, 28, 28, requires_grad=True)
from heterodox.explain.interface import load
load("saliency")(network, images, torch.tensor([1, 2]))
print([name for name in sys.modules if name.startswith("torch._dynamo")])
from torchvision.ops.roi_align import is_compile_supported
print(is_compile_supported("cpu"), torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)).item())
print(sys.modules["torch._dynamo"] is torch._dynamo, "convert_frame" in dir(torch._dynamo))
"""


def run(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def test_torchvision_imports_in_a_fresh_process_after_declaring() -> None:
    assert run(PROGRAM) == ["1000", ""]


def test_the_compiler_is_not_loaded_by_networks_and_maps_and_there_for_who_asks() -> None:
    assert run(COMPILER) == ["[]", "True 2.0", "True True", ""]
