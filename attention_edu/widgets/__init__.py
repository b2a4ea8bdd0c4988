"""Pictures of attention that answer when they are touched; one module a widget."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "AttentionMap": "attention_map",
    "KernelExplorer": "kernel_explorer",
    "Live": "live",
    "Reply": "live",
    "ScoreExplorer": "score_explorer",
    "VectorExplorer": "vector_explorer",
}

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return globals()[name]
