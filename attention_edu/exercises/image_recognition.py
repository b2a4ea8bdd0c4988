"""Exercises on attention over the patches of an image."""

from __future__ import annotations

from attention_edu.exercises.checker import Exercise

EXERCISES: tuple[Exercise, ...] = ()
