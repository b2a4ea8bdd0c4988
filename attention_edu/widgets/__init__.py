"""Pictures of attention that answer when they are touched; one module a widget."""

from .score_explorer import ScoreExplorer

__all__ = ["ScoreExplorer"]
