"""Networks in files: which kind a file is, by its suffix, and how it is read and written back."""

import io
import json
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.data.formats.npz import DAMAGE
from dualscape.errors import InputError
from dualscape.model.arrays import finite_array
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.model.three_layers import ThreeLayers
from dualscape.prediction.models.given import BIASES, THREE, TWO, trained_of
from dualscape.prediction.models.layers import of_state
from dualscape.prediction.models.safetensors import read_safetensors, written_safetensors
from dualscape.prediction.models.trained import Trained, free_parts, gates_of
from dualscape.prediction.models.trained_three_layers import TrainedThreeLayers
from dualscape.prediction.predictor import load_result
from dualscape.running.files import write_whole

PICKLES = (".pkl", ".pickle", ".joblib")
STATES = (".pt", ".pth")
KINDS = (".npz", ".safetensors", ".json", *STATES, *PICKLES)
SAVEZ = "numpy.savez(path, U=U, alpha=alpha), of three layers W=W, w=w, alpha=alpha, and bias= and output_bias="
#: First bytes of an archive.
ZIP = b"PK"
FREE = "free_weights"
Model = Trained | TrainedThreeLayers


def read_model(path: str | os.PathLike[str], *, trust_pickle: bool = False) -> Model:
    """The network in a file.

    Args:
        path: .npz (arrays U (m, p) and alpha (m,), or (m, c) with c outputs, bias (m,), output_bias, free_weights (q,)
            and gates (m,) where there are any; of three layers W (m, r, p), w (m, r), alpha (m,) and bias (m, r)),
            .safetensors or .pt, .pth (the state of a PyTorch network), .json (a result of `dualscape analyze`), .pkl,
            .pickle or .joblib (a scikit-learn or PyTorch model).
        trust_pickle: whether pickles are loaded: they run whatever code they hold.

    Raises:
        InputError: it cannot be read or is none of these.
    """
    file, source = Path(path), str(path)
    if file.suffix not in KINDS:
        raise InputError(f"{source} is no network that can be read; give one of {', '.join(KINDS)}")
    if file.suffix in PICKLES and not trust_pickle:
        raise InputError(
            f"{source} is a pickle, which runs whatever code it holds when it is loaded; give --trust-pickle "
            "(trust_pickle=True) if you made it yourself"
        )
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}; check the path") from None
    if file.suffix == ".npz":
        return _of_arrays(source, data)
    if file.suffix == ".safetensors":
        return of_state(read_safetensors(source, data), source, back=written_safetensors)
    if file.suffix == ".json":
        return _of_result(file)
    return _of_checkpoint(source, data, trust_pickle) if file.suffix in STATES else _of_pickle(file, data)


def read_network(path: str | os.PathLike[str], problem: Problem, *, trust_pickle: bool = False) -> Network:
    """The network in a file, as one of a problem; that of a result may be of any architecture.

    Raises:
        InputError: the file cannot be read, or its network is none of the problem.
    """
    result = Path(path).suffix == ".json"
    network = load_result(path).network if result else read_model(path, trust_pickle=trust_pickle).network(problem)
    problem.check(network, "reading a network")
    return network


def write_model(path: str | os.PathLike[str], trained: Model) -> None:
    """Write a network as a file of the kind that it was read from; .npz can always be written.

    Raises:
        InputError: the suffix is that of another kind, or the file cannot be written.
    """
    write_whole(Path(path), model_bytes(path, trained))


def model_bytes(path: str | os.PathLike[str], trained: Model) -> bytes:
    """What `write_model` writes to a file of that name."""
    file = Path(path)
    content = _npz(trained) if file.suffix == ".npz" else trained.written()
    if isinstance(content, bytes):
        return content
    if file.suffix not in PICKLES:
        raise InputError(f"{file} cannot hold {trained.source}; give a name in .npz, .pkl or .joblib")
    return _pickled(file, content)


def check_suffix(path: str | os.PathLike[str], model: str | os.PathLike[str]) -> None:
    """Raise InputError when a better network could not be written there as a file of the kind of the model's."""
    kind, wanted = Path(path).suffix, Path(model).suffix
    same = {wanted} | next((set(group) for group in (STATES, PICKLES) if wanted in group), set())
    if kind != ".npz" and (kind not in same or wanted == ".json"):
        named = ".npz" if wanted in (".npz", ".json") else f"{wanted} or .npz"
        raise InputError(f"{path} cannot hold a network of the kind of {model}; give a name in {named}")


def _of_arrays(source: str, data: bytes) -> Model:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except DAMAGE as error:
        objects = data.startswith(ZIP) and "allow_pickle" in str(error)
        reason = "it holds pickled objects" if objects else "it is not a readable NPZ archive"
        raise InputError(f"{source} is no network, {reason}; write it with {SAVEZ}") from None
    names = THREE if "W" in arrays else TWO
    missing = [name for name in names if name not in arrays]
    free = arrays.pop(FREE, None)
    gates = arrays.pop("gates", None) if names == TWO else None
    other = sorted(set(arrays) - {*names, *BIASES})
    if missing:
        raise InputError(f"{source} holds no weights {missing[0]!r}; write it with {SAVEZ}")
    if other:
        raise InputError(f"{source} has an array {other[0]!r} that means nothing here; write it with {SAVEZ}")
    found = trained_of(arrays, source)
    weights = None if free is None else finite_array(np.ravel(free), f"{source}: free_weights", 1)
    if isinstance(found, TrainedThreeLayers):
        return replace(found, back=_npz, free_weights=weights)
    return replace(found, back=_npz, free_weights=weights, gates=None if gates is None else np.ravel(gates))


def _npz(trained: Model) -> bytes:
    stream = io.BytesIO()
    names = (*THREE, *BIASES, FREE) if isinstance(trained, TrainedThreeLayers) else (*TWO, *BIASES, FREE, "gates")
    values = {name: getattr(trained, name) for name in names}
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in values.items() if value is not None}
    np.savez(stream, **arrays)
    return stream.getvalue()


def _of_result(file: Path) -> Model:
    predictor = load_result(file)
    content, network = json.loads(file.read_text(encoding="utf-8")), predictor.network
    design, known = predictor.design, content["problem"]
    output_bias, free_weights = free_parts(network.design.free_names, network.free_weights)
    settings = {"loss": predictor.loss, "bias": network.bias, "free": network.free, "beta": known["beta"]}
    if known.get("free_decay"):
        settings["free_decay"] = known["free_decay"]
    settings["scaling"] = predictor.scaling
    kind = network.architecture
    if kind.layers == 3:
        layers = ThreeLayers.of(network)
        settings["architecture"] = kind.title
        bias = layers.W[:, :, -1] if design.has_bias else None
        W = layers.W[:, :, : design.p]
        return TrainedThreeLayers.of(
            W, layers.w, layers.alpha, bias, output_bias, str(file), free_weights=free_weights, settings=settings
        )
    U, alpha = network.weights()
    # With several outputs the title says how many, and then the activation where it is not the ReLU.
    settings["activation"] = (":".join(kind.key[2:]) or "relu") if kind.key[0] == "vector" else kind.title
    return Trained.of(
        design.features(U),
        alpha,
        U[:, -1] if design.has_bias else None,
        output_bias,
        str(file),
        free_weights=free_weights,
        settings=settings,
        gates=gates_of(network),
    )


def _of_checkpoint(source: str, data: bytes, trust_pickle: bool) -> Model:
    try:
        import torch
    except ImportError:
        raise InputError(
            f"{source} needs PyTorch to be read (pip install torch); or save the state as .safetensors"
        ) from None
    try:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=not trust_pickle)
    except Exception as error:  # noqa: BLE001 (what a damaged file raises is not documented)
        told = " ".join(str(error).split())[:120].partition(". ")[0]
        raise InputError(
            f"{source} is no state of a network ({told}); save model.state_dict(), or give --trust-pickle for a whole "
            "model that you made yourself"
        ) from None

    def saved(arrays: dict[str, NDArray[Any]]) -> bytes:
        stream = io.BytesIO()
        torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, stream)
        return stream.getvalue()

    state = content if isinstance(content, dict) else getattr(content, "state_dict", dict)()
    if not isinstance(content, dict):
        trained_of(content, source)  # raises for other layers
    return of_state(state, source, back=saved)


def _of_pickle(file: Path, data: bytes) -> Model:
    try:
        if file.suffix == ".joblib":
            import joblib  # type: ignore[import-untyped]

            model = joblib.load(io.BytesIO(data))
        else:
            model = pickle.loads(data)
    except Exception as error:  # noqa: BLE001 (a pickle may raise anything)
        told = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise InputError(f"{file} cannot be unpickled ({told}); use the versions that it was written with") from None
    return trained_of(model, str(file))


def _pickled(file: Path, content: Any) -> bytes:
    if file.suffix != ".joblib":
        return pickle.dumps(content)
    import joblib

    stream = io.BytesIO()
    joblib.dump(content, stream)
    return stream.getvalue()
