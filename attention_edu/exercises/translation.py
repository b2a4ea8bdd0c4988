"""Exercises on translation with attention."""

from __future__ import annotations

from attention_edu.exercises.checker import Exercise

EXERCISES: tuple[Exercise, ...] = ()
