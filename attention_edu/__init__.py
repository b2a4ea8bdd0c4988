"""Learn the attention mechanism by moving it.

Every public name below is loaded when it is first used, so that ``import attention_edu`` costs
next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "AttentionSteps": "attention",
    "additive_scores": "attention",
    "attention": "attention",
    "bilinear_scores": "attention",
    "causal_mask": "attention",
    "dot_product_scores": "attention",
    "linear_scores": "attention",
    "mask_scores": "attention",
    "multi_head_attention": "attention",
    "softmax": "attention",
    "weighted_sum": "attention",
    "cache_bytes": "cost",
    "chunked_attention": "cost",
    "memory_bytes": "cost",
    "operations": "cost",
    "ScoreExplorer": "widgets.score_explorer",
    "VectorExplorer": "widgets.vector_explorer",
    "AttentionMap": "widgets.attention_map",
    "KernelExplorer": "widgets.kernel_explorer",
    "Live": "widgets.live",
    "Reply": "widgets.live",
    "Feedback": "exercises",
    "check": "exercises",
    "hint": "exercises",
    "solution": "exercises",
    "doctor": "doctor",
    "progress": "record",
}

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_HOME[name]}")
    # The module `attention` is callable and stands for its main function as well.
    value = module if name == _HOME[name] == "attention" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
