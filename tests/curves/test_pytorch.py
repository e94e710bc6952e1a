"""Models of PyTorch as points: what is said without PyTorch, and with it that all numbers are those of the models."""

import sys
from copy import deepcopy

import numpy as np
import pytest

from dualscape.curves.curve import Curve
from dualscape.curves.learn import learn_curve_in_steps
from dualscape.curves.profile import profile
from dualscape.curves.pytorch import TorchSpace
from dualscape.errors import InputError


def test_without_pytorch_there_is_one_clear_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="need PyTorch, which is not installed; pip install torch"):
        TorchSpace(None, None, [])


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def classes(torch, rows=64):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, 1, 6, 6))
    y = (X[:, 0, :3].sum((1, 2)) > X[:, 0, 3:].sum((1, 2))).astype(int)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    return [(X[i : i + 16], y[i : i + 16]) for i in range(0, rows, 16)]


def convolutional(torch, seed):
    torch.manual_seed(seed)
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 2)
    )


def trained(torch, model, batches, steps=60):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(steps):
        X, y = batches[step % len(batches)]
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(X), y).backward()
        optimizer.step()
    return model


def test_vectors_models_and_gradients(torch):
    batches, model = classes(torch), convolutional(torch, 1)
    loss = torch.nn.functional.cross_entropy
    space = TorchSpace(model, loss, batches[:1])
    theta = space.vector(model)
    again = space.model(theta)
    for p, q in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(p, q)
    value, gradient = space.slope(theta)
    own = deepcopy(model).train()
    expected = loss(own(batches[0][0]), batches[0][1])
    expected.backward()
    np.testing.assert_allclose(value, float(expected.detach()), rtol=1e-6)
    np.testing.assert_allclose(gradient, np.concatenate([p.grad.numpy().ravel() for p in own.parameters()]), atol=1e-6)
    with pytest.raises(InputError, match="other shapes"):
        space.vector(torch.nn.Linear(2, 2))


def test_batch_normalisation_is_averaged_anew(torch):
    batches, model = classes(torch), convolutional(torch, 1)
    space = TorchSpace(model, torch.nn.functional.cross_entropy, batches)
    theta = 3.0 * space.vector(model)
    found = space.model(theta)
    outputs = [found[0](X).detach() for X, _ in batches]
    expected = torch.stack([out.mean((0, 2, 3)) for out in outputs]).mean(0)
    np.testing.assert_allclose(found[1].running_mean, expected, rtol=1e-5)
    assert not found.training
    assert not np.allclose(found[1].running_mean, model[1].running_mean)


def test_matched_models_compute_the_same_and_permuted_copies_come_back(torch):
    batches, model = classes(torch), convolutional(torch, 1)
    loss = torch.nn.functional.cross_entropy
    trained(torch, model, batches)
    space = TorchSpace(model, loss, batches)
    other = trained(torch, convolutional(torch, 2), batches)
    same = space.matched(model, other)
    X = batches[0][0]
    np.testing.assert_allclose(same.eval()(X).detach(), other.eval()(X).detach(), atol=1e-5)
    near, far = (np.linalg.norm(space.vector(each) - space.vector(model)) for each in (same, other))
    assert near < far
    mixed = deepcopy(model)
    order = torch.tensor([2, 0, 3, 1])
    with torch.no_grad():
        for tensor in (mixed[0].weight, mixed[0].bias, mixed[1].weight, mixed[1].bias):
            tensor.copy_(tensor[order])
        mixed[4].weight.copy_(mixed[4].weight.reshape(5, 4, 16)[:, order].reshape(5, 64))
    np.testing.assert_allclose(space.vector(space.matched(model, mixed)), space.vector(model))


def test_a_learned_curve_is_lower_than_the_straight_line(torch):
    batches = classes(torch)
    one, two = (trained(torch, convolutional(torch, seed), batches) for seed in (1, 2))
    wrong = lambda outputs, y: (outputs.argmax(1) != y).float().mean()  # noqa: E731
    space = TorchSpace(one, torch.nn.functional.cross_entropy, batches, wrong)
    a, b = space.vector(one), space.vector(two)
    curve = learn_curve_in_steps(space.slope, a, b, steps=300, rate=0.03)
    learned, straight = (profile(each, space.measure, 11) for each in (curve, Curve.straight(a, b)))
    assert learned.values.mean() < straight.values.mean()
    assert learned.barrier <= straight.barrier
    assert ((learned.errors >= 0) & (learned.errors <= 1)).all()


def test_other_models_are_refused(torch):
    space = TorchSpace(torch.nn.Linear(2, 1), torch.nn.functional.mse_loss, [])
    with pytest.raises(InputError, match="not LSTM"):
        space.matched(*[torch.nn.Sequential(torch.nn.LSTM(2, 2))] * 2)
    with pytest.raises(InputError, match="no batches"):
        space.slope(np.zeros(3))
    with pytest.raises(InputError, match="3 weights"):
        space.slope(np.zeros(4))
