"""What every architecture has of its own accord: oracles by name, prepared once, asked in order."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.model.architectures.relu import TwoLayerReLU
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.oracles import Question
from dualscape.running.effort import Effort


@pytest.fixture
def space():
    return ReLUSpace(np.random.default_rng(0).standard_normal((12, 3)))


def test_oracles_are_prepared_once_and_known_by_name(space):
    assert space.oracle("cells") is space.oracle("cells")
    assert space.oracle("cells") is not space.oracle("bisection")
    assert space.oracle().name == space.choice().name == "cells"
    with pytest.raises(InputError, match="unknown oracle 'best'; known: auto, cells, bisection, relaxation, ascent"):
        space.oracle("best")


def test_names_are_those_given_or_those_of_the_choice(space):
    assert space.names("bisection") == ("bisection",)
    assert space.names(["bisection", "cells"]) == ("bisection", "cells")
    assert space.names("auto") == space.choice().provers
    assert len(space.names("auto")) == 2


def test_a_proof_is_no_lower_than_what_a_search_finds(space):
    nu = np.random.default_rng(1).standard_normal(12)
    searched = space.ask("ascent", Question(nu, above=0.0))
    assert not searched.exact
    for names in ("cells", "bisection", "auto"):
        proven = space.prove(names, Question(nu, above=0.5 * searched.lower))
        assert searched.lower <= proven.lower <= proven.upper <= proven.lower * (1 + 1e-10)


def test_where_a_proof_ends_at_once_no_time_goes_into_a_search(monkeypatch):
    """More coordinates than an orthant can be made of: the bound is there before a search would have begun."""
    rng = np.random.default_rng(2)
    space, nu = ReLUSpace(rng.standard_normal((30, 24))), rng.standard_normal(30)
    assert space.estimate("bisection").at_once
    monkeypatch.setattr(space.kinds["ascent"], "best_units", lambda *_, **__: pytest.fail("it searched"))
    answer = space.prove("bisection", Question(nu, above=1e-3), effort=Effort.within(5.0))
    assert answer.exact
    with pytest.raises(pytest.fail.Exception):
        space.prove("bisection", Question(nu, above=1e-3))


def test_an_architecture_is_told_by_its_key():
    assert TwoLayerReLU().key == ("relu",)
