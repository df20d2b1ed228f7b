"""A model in ONNX, loaded by onnxruntime: the only module that imports it, and only when a model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.encoders.graph import lightened
from qa.errors import UnreadableEncoderError

__all__ = ["SLOWER", "Pass", "States", "loaded"]

States = NDArray[np.float32]
"""Of shape (tokens, dimensions): what a pass gives for each token."""

Pass = Callable[[Sequence[int]], States]
"""One pass of a text's tokens through a model. It may be called from several threads at once."""

_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_OUTPUT = "last_hidden_state"
_ERRORS_ALONE = 3

SLOWER = ["SkipLayerNormFusion"]
"""What onnxruntime puts in the place of two operations, and takes a fifth more time."""


def loaded(path: Path, model: bytes) -> Pass:
    """A model, which was read from this file, as passes through it. Before the first one, the environment must say that
    onnxruntime reports nothing to its maker: `ORT_DISABLE_TELEMETRY`. Telling it afterwards is too late.

    Raises:
        UnreadableEncoderError: for a file that is no such model, and by what is returned, where a pass fails.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as native

    failures: tuple[type[Exception], ...] = (
        *(each for each in vars(native).values() if isinstance(each, type) and issubclass(each, Exception)),
        *(RuntimeError, ValueError),
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ALONE
    # A pass runs on the thread that asks for it, so there is no thread that waits, or spins.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # No plan of the memory is kept for each length of a text, of which there are hundreds.
    options.enable_mem_pattern = False
    try:
        session = onnxruntime.InferenceSession(
            lightened(model), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOWER
        )
    except failures as error:
        raise UnreadableEncoderError(path, reason=_first_line(error)) from error
    session._model_bytes = None  # it keeps the file for another try on other hardware, of which there is none
    session.disable_fallback()
    inputs = [each.name for each in session.get_inputs()]
    if not {"input_ids"} <= set(inputs) <= _INPUTS:
        raise UnreadableEncoderError(path, reason=f"it wants {', '.join(inputs)}, not the tokens of a text")
    outputs = [each.name for each in session.get_outputs() if len(each.shape) == 3]
    if not outputs:
        raise UnreadableEncoderError(path, reason="it gives no vector for each token")
    output = _OUTPUT if _OUTPUT in outputs else outputs[0]

    def run(ids: Sequence[int]) -> States:
        tokens = np.array([ids], np.int64)
        given = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        try:
            [states] = session.run([output], {name: given[name] for name in inputs})
        except failures as error:
            raise UnreadableEncoderError(path, reason=_first_line(error)) from error
        return np.asarray(states[0], np.float32)

    return run


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
