import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from heterodox.errors import UserError
from heterodox.networks.loading import Member, build
from heterodox.training.probes import fit, frozen_features, probe
from heterodox.training.recipe import Probe


def test_fit_equals_scikit_learns_logistic_regression():
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 200)
    values = draw.normal(size=(200, 5)) * [1, 10, 0.1, 1, 1] + labels[:, None] * [1, 3, 0.1, 0, 0] + 7
    weight, bias = fit(torch.from_numpy(values), torch.from_numpy(labels), 3, Probe(weight_decay=0.02, iterations=500))
    standard = StandardScaler().fit(values)
    other = LogisticRegression(C=1 / (0.02 * 200), tol=1e-10, max_iter=5000).fit(standard.transform(values), labels)
    probabilities = torch.softmax(torch.from_numpy(values) @ weight.T + bias, 1).numpy()
    np.testing.assert_allclose(probabilities, other.predict_proba(standard.transform(values)), atol=1e-5)


@pytest.mark.parametrize("arch", ["resnet", "vit"])
def test_a_probed_member_is_its_backbone_with_a_new_last_layer(arch, sided):
    member = Member(build(arch, (1, 8, 8), 2, seed=1, member="toy"), [0.3], [0.2], (8, 8)).requires_grad_(False)
    before = {name: values.clone() for name, values in member.network.state_dict().items()}
    values = frozen_features(member, sided)
    probe(member, sided, Probe(weight_decay=1e-3), arch)
    changed = {name for name, values in member.network.state_dict().items() if not torch.equal(values, before[name])}
    assert all(name.startswith(("fc.", "head.")) for name in changed)
    assert len(changed) == 2
    logits = member(sided.images.permute(0, 3, 1, 2) / 255)
    weight, bias = fit(values, sided.labels, 2, Probe(weight_decay=1e-3))
    torch.testing.assert_close(logits.double(), values.double() @ weight.T + bias, atol=1e-3, rtol=1e-3)
    assert (logits.argmax(1) == sided.labels).float().mean() > 0.9


def test_a_constant_feature_does_no_harm():
    values = torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 0.1], [1.0, 0.9]])
    weight, bias = fit(values, torch.tensor([0, 1, 0, 1]), 2, Probe())
    assert torch.isfinite(weight).all()
    assert (values.double() @ weight.T + bias).argmax(1).tolist() == [0, 1, 0, 1]


def test_a_network_without_linear_end_is_one_line(sided):
    member = Member(build("squeezenet", (1, 16, 16), 2), [0.3], [0.2], (16, 16))
    with pytest.raises(UserError, match="arch squeezenet: does not end in one linear layer"):
        probe(member, sided, Probe(), "squeezenet")
