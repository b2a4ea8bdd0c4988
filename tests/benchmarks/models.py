"""What the trained models of the course reach: each from three seeds, with and without attention.

A seed draws the data, the initial weights and the order of the examples. Seconds are those of
training the model with attention; the model without it has the same data, batches and epochs, and
the same layers but for attention. `python -m tests.benchmarks models --rounds 1` takes the first
seed alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import mean, pstdev
from typing import Any

from .tables import Table

SEEDS = 3


@dataclass(frozen=True)
class Reached:
    """What one seed gave."""

    with_attention: float
    without: float
    looks: float | None
    seconds: float
    parameters: int


@dataclass(frozen=True)
class Subject:
    """A row of the table: how it is measured for a seed, and what is wanted of every seed."""

    name: str
    measure: Callable[[int], Reached]
    least: float
    least_looks: float | None = None
    most_without: float | None = None
    least_gap: float | None = None

    def misses(self, reached: Reached) -> Iterator[str]:
        """Name the bars that one seed does not reach."""
        if reached.with_attention < self.least:
            yield f"{reached.with_attention:.3f} with attention, wanted {self.least}"
        if self.least_looks is not None and (reached.looks or 0.0) < self.least_looks:
            yield f"looks {reached.looks:.3f}, wanted {self.least_looks}"
        if self.most_without is not None and reached.without > self.most_without:
            yield f"{reached.without:.3f} without, at most {self.most_without}"
        gap = reached.with_attention - reached.without
        if self.least_gap is not None and gap < self.least_gap:
            yield f"a gap of {gap:.3f}, wanted {self.least_gap}"


def _trained(model: Any, examples: tuple[Any, Any], task: Any, seed: int, epochs: int) -> float:
    from attention_edu.tasks.training import train

    start = time.perf_counter()
    train(model, *examples, epochs=epochs, batch_size=task.BATCH, seed=seed)
    return time.perf_counter() - start


def _markers(seed: int) -> Reached:
    from attention_edu.tasks import markers as task

    data = task.make_data(seed=seed)
    model, looker = task.build(seed=seed)
    without = task.build_without_attention(seed=seed)
    known = ((data.train.tokens, data.train.labels), task, seed, task.EPOCHS)
    seconds = _trained(model, *known)
    _trained(without, *known)
    return Reached(
        task.accuracy(model, data.test),
        task.accuracy(without, data.test),
        task.relevant_mass(looker, data.test),
        seconds,
        model.count_params(),
    )


def _cancer(seed: int) -> Reached:
    """Mean of ten splits; the other side is logistic regression, which has no attention."""
    from attention_edu.tasks import cancer as task

    ours, plain, seconds, parameters = [], [], [], 0
    for split in range(10 * seed, 10 * seed + 10):
        data = task.make_data(seed=split)
        model, _ = task.build(seed=split)
        parameters = model.count_params()
        known = ((data.train_inputs, data.train_labels), task, split, task.EPOCHS)
        seconds.append(_trained(model, *known))
        ours.append(task.accuracy(model, data))
        plain.append(task.logistic_regression_accuracy(data))
    return Reached(mean(ours), mean(plain), None, mean(seconds), parameters)


def _dates(seed: int) -> Reached:
    from attention_edu.tasks import dates as task

    data = task.make_data(seed=seed)
    model, looker = task.build(seed=seed)
    without = task.build_without_attention(seed=seed)
    known = ((data.train.inputs, data.train.targets), task, seed, task.EPOCHS)
    seconds = _trained(model, *known)
    _trained(without, *known)
    return Reached(
        task.exact_match(model, data.test),
        task.exact_match(without, data.test),
        task.year_mass(looker, data.test),
        seconds,
        model.count_params(),
    )


def _reversal(seed: int) -> Reached:
    from attention_edu.tasks import reversal as task

    data = task.make_data(seed=seed)
    model, looker = task.build(seed=seed)
    without = task.build_without_attention(seed=seed)
    known = ((data.train.inputs, data.train.targets), task, seed, task.EPOCHS)
    seconds = _trained(model, *known)
    _trained(without, *known)
    return Reached(
        task.exact_match(model, data.test, least=17),
        task.exact_match(without, data.test, least=17),
        task.mirror_mass(looker, data.test),
        seconds,
        model.count_params(),
    )


def _reports(seed: int) -> Reached:
    from attention_edu.tasks import reports as task

    data = task.make_data(seed=seed)
    model, looker = task.build(seed=seed)
    without = task.build_without_attention(seed=seed)
    known = ((data.train.tokens, data.train.facts), task, seed, task.EPOCHS)
    seconds = _trained(model, *known)
    _trained(without, *known)
    return Reached(
        task.exact_match(model, data.test),
        task.exact_match(without, data.test),
        task.key_mass(looker, data.test),
        seconds,
        model.count_params(),
    )


def _stories(facts: int) -> Callable[[int], Reached]:
    def measure(seed: int) -> Reached:
        from attention_edu.tasks import stories as task

        data = task.make_data(facts, task.TRAIN[facts], seed=seed)
        model, looker = task.build(hops=facts, seed=seed)
        without = task.build_without_attention(seed=seed)
        known = ((data.train.inputs, data.train.places), task, seed, task.EPOCHS[facts])
        seconds = _trained(model, *known)
        _trained(without, *known)
        hops = task.supporting_share(looker, data.test)
        # Hop 1 belongs on the first supporting sentence, hop 2 on the second.
        looks = min(hop[number] for number, hop in enumerate(hops))
        return Reached(
            task.accuracy(model, data.test),
            task.accuracy(without, data.test),
            looks,
            seconds,
            model.count_params(),
        )

    return measure


def _digits(seed: int) -> Reached:
    from attention_edu.tasks import digits as task

    data = task.make_data(seed=seed)
    model, looker = task.build(seed=seed)
    without = task.build_without_attention(seed=seed)
    known = ((data.train.images, data.train.labels), task, seed, task.EPOCHS)
    seconds = _trained(model, *known)
    _trained(without, *known)
    return Reached(
        task.accuracy(model, data.test),
        task.accuracy(without, data.test),
        task.box_mass(looker, data.test),
        seconds,
        model.count_params(),
    )


SUBJECTS = (
    Subject("06 marker sequences", _markers, least=0.99, least_looks=0.95),
    Subject("06 breast cancer, ten splits", _cancer, least=0.95, least_gap=-0.03),
    Subject("07 dates to ISO", _dates, least=0.98, least_looks=0.95, least_gap=0.02),
    Subject("07 reversal, 17 letters or more", _reversal, least=0.98, most_without=0.30),
    Subject("08 reports to key facts", _reports, least=0.97, least_looks=0.85),
    Subject("09 stories, one fact", _stories(1), least=0.99, least_looks=0.97),
    Subject("09 stories, two facts", _stories(2), least=0.97, least_looks=0.97),
    Subject("10 digits in clutter", _digits, least=0.95, least_looks=0.95, least_gap=0.10),
)


def _spread(numbers: list[float]) -> str:
    """Give mean and standard deviation."""
    return f"{mean(numbers):.3f} ± {pstdev(numbers):.3f}"


def run(rounds: int | None = None, names: tuple[str, ...] = ()) -> list[Table]:
    """Train every model for each seed, or those whose name begins like one of `names`."""
    seeds = range(rounds or SEEDS)
    rows, remarks = [], []
    for subject in SUBJECTS:
        if names and not subject.name.startswith(names):
            continue
        all_reached = [subject.measure(seed) for seed in seeds]
        looks = [reached.looks for reached in all_reached if reached.looks is not None]
        rows.append(
            (
                subject.name,
                _spread([reached.with_attention for reached in all_reached]),
                _spread([reached.without for reached in all_reached]),
                _spread(looks) if looks else "–",
                f"{mean(reached.seconds for reached in all_reached):.0f}",
                f"{all_reached[0].parameters:,}",
            )
        )
        for seed, reached in zip(seeds, all_reached):
            remarks += [f"{subject.name}, seed {seed}: {miss}" for miss in subject.misses(reached)]
    return [
        Table(
            f"Held-out quality, mean ± standard deviation over {len(seeds)} seeds",
            ("task", "with attention", "without", "looks where it should", "seconds", "parameters"),
            rows,
            remarks or ["Every seed reaches every bar of the course."],
        )
    ]


if __name__ == "__main__":
    import sys

    for table in run(names=tuple(sys.argv[1:])):
        print(table)
