import subprocess
import sys

PROGRAM = """
from heterodox import torchvision_operators
torchvision_operators.declare()
torchvision_operators.declare()
import torchvision.models, torchvision.transforms.v2, torchvision.datasets
print(torchvision.models.resnet18().fc.out_features)
"""


def test_torchvision_imports_in_a_fresh_process_after_declaring() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "1000", done.stderr
