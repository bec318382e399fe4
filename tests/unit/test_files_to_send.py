"""What the command line makes of rows before it sends them: which stay together."""

from warmup.commands.groups import grouped


def test_rows_that_may_be_the_same_item_are_never_parted() -> None:
    rows = [{"body": "Sea"}, {"body": "sun"}, {"text_id": "1", "body": "sky"}, {"body": "S\u200bEA!"}, {"text_id": "1"}]
    rows += [{"body": "SUN", "text_id": "1"}]
    found = [[line for line, _ in group] for group in grouped(enumerate(rows))]
    assert found == [[0, 3], [1, 2, 4, 5]], "the last one is like two"
