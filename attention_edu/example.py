"""The one sentence that the course follows from its words to its output.

The numbers are small, so that every step can be checked by hand.

Examples
--------
>>> from attention_edu import dot_product_scores
>>> dot_product_scores(QUERY[None, :], KEYS)[0]
array([-1. ,  2. ,  1. , -1.5, -1. ,  0. ])
"""

from __future__ import annotations

import numpy as np

#: Six tokens; “the” comes twice, with the same vectors.
TOKENS = ["the", "cat", "sat", "on", "the", "mat"]

#: What the four components of keys and queries stand for.
KEY_NAMES = ["thing", "deed", "place", "small word"]

#: What each token offers to be found by, shape (6, 4).
KEYS = np.array(
    [
        [0.0, 0.0, 0.0, 2.0],
        [2.0, 0.0, 0.0, 0.0],
        [0.0, 2.0, 0.0, 0.0],
        [0.0, 0.0, 2.0, 1.0],
        [0.0, 0.0, 0.0, 2.0],
        [1.0, 0.0, 2.0, 0.0],
    ]
)

#: What “sat” asks: who did it? Shape (4,).
QUERY = np.array([1.0, 0.5, -0.5, -0.5])

#: What another reader might ask: where? Shape (4,).
WHERE_QUERY = np.array([0.5, 0.0, 1.0, -0.5])

#: What the two components of values stand for.
VALUE_NAMES = ["living", "place"]

#: What each token says when it is heard, shape (6, 2).
VALUES = np.array([[0.3, 0.2], [1.0, 0.0], [0.4, 0.4], [0.0, 0.6], [0.3, 0.2], [0.2, 1.0]])

for _array in (KEYS, QUERY, WHERE_QUERY, VALUES):
    _array.setflags(write=False)
