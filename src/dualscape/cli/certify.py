"""`dualscape certify`: how good a network is that was trained elsewhere."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dualscape.cli.analyze import analyze
from dualscape.cli.group import CATALOGUE
from dualscape.cli.job import FILES, Job, run_job
from dualscape.cli.options import Positive, option
from dualscape.errors import InputError
from dualscape.running.listener import Listener

if TYPE_CHECKING:
    from dualscape.model.problem import Problem
    from dualscape.model.scaling import Scaling
    from dualscape.prediction.certify import Certification
    from dualscape.prediction.models.files import Model

#: Options of `analyze` that a network which is given has no use for.
NONE_HERE = ("data", "beta_fraction", "max_vertices", "epsilon", "features_per_neuron")
SHARED = [parameter for parameter in analyze.params if parameter.name not in NONE_HERE]
#: What a network may say of its problem, by the options that say otherwise.
IMPLIED = ("loss", "bias", "free", "free_decay", "beta", "activation", "architecture")


@click.command(params=[*SHARED])
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@option(
    "--weight-decay",
    type=Positive(min=0, min_open=True),
    metavar="W",
    help="weight_decay of PyTorch in place of --beta: of all weights, or with --bias free of those without biases.",
)
@option("--reduction", default="mean", metavar="NAME", help="With --weight-decay: the loss is a mean (default) or sum.")
@option(
    "--optimizer", default="sgd", metavar="NAME", help="With --weight-decay: sgd (default), adam; adamw is refused."
)
@option("--trust-pickle", is_flag=True, help="Load a pickle, which may run any code, of a model that you made.")
@option("--better", type=click.Path(path_type=Path), metavar="OUT", help="Write a better network of MODEL's kind.")
@option("--find-better/--no-find-better", default=True, help="Whether to look for a better network. On by default.")
@option(
    "--gap",
    type=Positive(min=0, min_open=True, max=1),
    default=1e-9,
    metavar="G",
    show_default=True,
    help="Call it globally optimal up to this relative gap.",
)
@click.pass_obj
def certify(listener: Listener, model: Path, data: str, **options: Any) -> None:
    """How good a trained network is: a proven bound, whether it is stationary, a better one.

    MODEL is a network of two layers with a ReLU between: .npz (arrays U (m, d) and alpha (m,), or (m, c) with c
    outputs; bias (m,) and output_bias where there are any), .safetensors or .pt (the state of a PyTorch
    Sequential(Linear, ReLU, Linear)), .pkl or .joblib with --trust-pickle (a scikit-learn MLPRegressor or
    MLPClassifier), or the .json of `analyze`. A parallel network of three layers is .npz (arrays W (m, r, d), w (m, r),
    alpha (m,)), a state of three linear layers of which the second comes in blocks, or .json. DATA is the table that
    the network was trained on, with the target; the options are as for `analyze`.

    \b
    dualscape certify net.npz data.csv --target price --beta 0.5 --better better.npz
    dualscape certify mlp.joblib data.csv --target price --trust-pickle --report report.html
    dualscape certify net.safetensors data.csv --target price --weight-decay 0.01

    scikit-learn's models say what they minimised: beta is their alpha, and biases are free. For PyTorch give
    --weight-decay, which counts all weights and biases; with --bias free it counts weights only.

    It exits with 0, with 2 after an error, and with 130 after Ctrl-C.
    """
    run_job(
        CertifyJob(model, data, {**options, "beta_fraction": None, "features_per_neuron": None}, listener.begun),
        listener,
    )


class CertifyJob(Job["Certification"]):
    """One call of `certify`."""

    files = (*FILES, "better")

    def __init__(self, model: Path, data: str, options: dict[str, Any], begun: float) -> None:
        super().__init__(data, options, begun)
        self._model = model
        self._trained: Model | None = None
        self._said: list[str] = []

    def load(self) -> bool:
        """Read the network, which says what is not given of its problem, and then the data."""
        from dualscape.model.architectures import ThreeLayerReLU
        from dualscape.prediction import certify  # noqa: F401 (after Ctrl-C there is no time for it)
        from dualscape.prediction.models.files import read_model
        from dualscape.prediction.models.trained_three_layers import TrainedThreeLayers
        from dualscape.running.files import followed

        for name in self.files:
            path = self.options[name]
            if path is not None and followed(path) == followed(self._model):
                raise InputError(f"{path} is the network itself and would be overwritten; give another output file")
        self._check_better()
        self._trained = trained = read_model(self._model, trust_pickle=self.options["trust_pickle"])
        self._said += trained.notes
        scaling = trained.settings.get("scaling")
        if scaling is not None and self.options["standardize"]:
            raise InputError("the result knows how its data were standardised; leave out --standardize")
        kind, said = self.options["activation"], trained.settings.get("activation")
        if None not in (kind, said) and kind != said:
            raise InputError(f"{self._model} has the activation {said}, not {kind}; leave out --activation")
        for name in IMPLIED:
            if self.options[name] is None and name in trained.settings:
                self.options[name] = trained.settings[name]
        weight_decay = self.options["weight_decay"]
        if weight_decay is not None and isinstance(trained, TrainedThreeLayers):
            raise InputError(
                f"{self._model} has three layers, whose lengths this objective penalises by their cubes and "
                "--weight-decay by their squares; give --beta B"
            )
        if weight_decay is not None and self.options["beta"] is not None:
            raise InputError("--weight-decay and --beta were both given; give exactly one")
        told = self.data.startswith(CATALOGUE) or self.options["loss"] == "interpolation"
        if self.options["beta"] is None and weight_decay is None and trained.beta_of is None and not told:
            raise InputError(
                f"{self._model} does not say which weight decay it was trained with; give --beta B, or --weight-decay "
                "W of PyTorch"
            )
        later = self.options["beta"] is None and (weight_decay is not None or trained.beta_of is not None)
        if later:
            self.options["beta"] = 1.0  # until the number of rows is known
        super().load()
        if isinstance(trained, TrainedThreeLayers) and self._settings.get("architecture") == ThreeLayerReLU.name:
            assert self.table is not None
            self._settings["architecture"] = trained.architecture(len(self.table.y))
        if later:
            self._convert(trained, weight_decay)
        self._say_of_output_bias()
        if scaling is not None:
            assert self.table is not None
            self._expect_columns(scaling)
            X, y = scaling.features(self.table.X), scaling.target(self.table.y)
            self.table = replace(self.table, X=X, y=y, scaling=scaling)
        return True

    def _expect_columns(self, scaling: "Scaling") -> None:
        """Raise InputError where what the result was standardised by is not of these columns."""
        import numpy as np

        assert self.table is not None
        pairs = [("feature", len(scaling.means), self.table.X.shape[1])]
        if np.ndim(scaling.target_mean):
            pairs.append(("target", len(np.atleast_1d(scaling.target_mean)), self.table.y[0].size))
        for what, own, given in pairs:
            if own != given:
                raise InputError(
                    f"{self._model} was trained with {own} {what}{'s' * (own != 1)}, the data have {given}; choose the "
                    "same columns"
                )

    def _check_better(self) -> None:
        from dualscape.prediction.models.files import check_suffix

        better = self.options["better"]
        if better is None:
            return
        if not self.options["find_better"]:
            raise InputError("--better needs the better network that --no-find-better leaves out; drop one of them")
        check_suffix(better, self._model)

    def _convert(self, trained: "Model", weight_decay: float | None) -> None:
        """The weight decay in our terms, now that the number of rows is known."""
        from dualscape.model.design import Design
        from dualscape.prediction.models.layers import beta_in_words, beta_of

        assert self.table is not None
        if self.table.sample_weight is not None:
            raise InputError("what a weight decay is beside --sample-weight depends on the program; give --beta")
        n, settings = len(self.table.y), self._settings
        if weight_decay is None:
            assert trained.beta_of is not None
            settings["beta"], words = trained.beta_of(n)
            self._said.append(words)
            return
        reduction, optimizer, loss = self.options["reduction"], self.options["optimizer"], str(settings["loss"])
        settings["beta"] = beta_of(weight_decay, n, loss, reduction, optimizer, trained.c)
        self._said.append(beta_in_words(weight_decay, n, loss, reduction, trained.c))
        design = Design.of_coordinates(1, str(settings["bias"]), str(settings.get("free", "none")))
        if design.free_names and not design.has_free_bias and "free_decay" not in settings:
            settings["free_decay"] = settings["beta"]
            self._said.append("the weight decay counts the output bias too, as PyTorch's does that of all parameters")

    def _say_of_output_bias(self) -> None:
        from dualscape.model.design import Design

        settings = self._settings
        design = Design.of_coordinates(1, str(settings["bias"]), str(settings.get("free", "none")))
        if design.free_names and not design.has_free_bias and "free_decay" not in settings:
            self._said.append("hidden biases are penalised and the output bias is not; --free-decay B penalises it too")

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the network and the data."""
        return (*self._said, *super().notes)

    def compute(self, problem: "Problem", **how: Any) -> "Certification":
        from dualscape.prediction.certify import certify as run
        from dualscape.prediction.models.files import model_bytes, write_model
        from dualscape.tolerances import Tolerances

        assert self._trained is not None
        network = self._trained.network(problem)
        tolerances = Tolerances(relative_gap=self.options["gap"])
        more = {"better": self.options["find_better"], "tolerances": tolerances, "stage": self.stage}
        better = self.options["better"]
        if better is not None:
            model_bytes(better, self._trained.with_network(problem, network))  # refused before the work is done
        found = run(problem, network, **more, **how)
        if better is not None:
            if found.better is None:
                self._said.append(f"{better} was not written, since no better network was found")
            else:
                write_model(better, self._trained.with_network(problem, found.better))
                self._said.append(f"the better network is in {better}")
        return found

    def so_far(self) -> None:
        self.hush()

    def content(self, result: "Certification") -> dict[str, Any]:
        from dualscape.report.certification_json import certification_to_dict

        return certification_to_dict(result, self.notes)

    def show(self, result: "Certification") -> None:
        from dualscape.report.certification_terminal import show_certification

        show_certification(result, self.notes)

    def page(self, result: "Certification") -> str:
        from dualscape.report.certification_report import render_certification

        return render_certification(
            result, notes=self.notes, title=f"{self._model.name} on {self.data.removeprefix(CATALOGUE)}"
        )
