"""The mixes of weights and backlogs that the documentation draws: fair while all models have work."""

from collections import Counter

import pytest

from benchmarks.fairness import MIXES, Mix, hand_outs


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: mix.file)
def test_each_model_gets_its_share_until_its_work_is_done(mix: Mix) -> None:
    given, left = hand_outs(mix), dict(mix.backlogs)
    total = sum(mix.weights.values())
    for count, model in enumerate(given, 1):
        left[model] -= 1
        if not all(left.values()):
            break
        for one, weight in mix.weights.items():
            assert abs(given[:count].count(one) - count * weight / total) <= 5
    assert Counter(given) <= Counter(mix.backlogs), "what is done is not handed out again"
    assert not all(left.values()), "the picture shows what happens then, too"
