"""Files of rows: what spreadsheets save is read, what cannot be read is said with its place and spoils nothing else."""

import codecs
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import rows
from chalicelib.domain.rows import Unreadable, read_csv, read_lines

SHEET = 'Category, Quality_Score ,max_usage,body\r\nbio,70,5,Café & co.\r\n,,,\r\nbio,80,5,"Two\nlines, ""quoted"""\r\n'
READ = [
    (2, {"category": "bio", "quality_score": "70", "max_usage": "5", "body": "Café & co."}),
    (4, {"category": "bio", "quality_score": "80", "max_usage": "5", "body": 'Two\nlines, "quoted"'}),
]


def separated(text: str, separator: str) -> str:
    """The sheet with another separator (it holds one comma that is none)."""
    return text.replace(",", separator).replace(f"lines{separator} ", "lines, ")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),  # without its mark
        lambda text: text.encode("utf-16-be"),
        lambda text: text.replace("\r\n", "\r").encode(),  # as old Macs end lines
    ],
)
def test_what_spreadsheets_save_is_read(separator: str, encode: Any) -> None:
    table = read_csv(encode(separated(SHEET, separator)))
    assert [(row.line, dict(row.members), row.fault) for row in table.rows] == [(*one, None) for one in READ]
    assert table.separator == separator


def test_a_separator_may_be_declared_as_excel_does() -> None:
    table = read_csv(b"sep=;\r\na,b;c\r\n1;2\r\n")
    assert [(row.line, dict(row.members)) for row in table.rows] == [(3, {"a,b": "1", "c": "2"})]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            "body\nx\nCafé\n".encode("cp1252"),
            r"Line 3, character 4: the byte 0xe9 is not UTF-8 \(in Windows-1252 it is é\)",
        ),
        (b"body\nx\x81\n", r"Line 2, character 2: the byte 0x81 is not UTF-8: save it as \"CSV UTF-8\""),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "an old Excel workbook"),
        (b'[{"body": "x"}]', "a JSON array"),
        (b'[\n  {"body": "x"}\n]', "a JSON array"),
        (b'{"body": "x"}\n', "JSON lines, not CSV"),
        (b"body,Body \nx,y\n", r"'body' more than once \(columns 1 and 2\)"),
        (b'bo"dy,"category\nx,y\n', "names of the columns cannot be read: line 1, column 2"),
        (b"\xff\xfea", "begins like UTF-16 and is not"),
        ("body,x\n".encode("utf-16").decode("utf-8", "replace").encode(), "lost characters when the file was saved or"),
    ],
)
def test_a_file_that_is_no_csv_is_named_for_what_it_is(data: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read_csv(data)


def faults(text: str) -> list[tuple[int, str | None]]:
    return [(row.line, row.fault) for row in read_csv(text.encode()).rows]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ('1,"Sea" and sun', "line 3, column 2: the quote that begins the cell is closed within the cell"),
        ("1,Sea, salt", "line 3, column 3: more cells than columns: ' salt'; a text that holds a comma needs quotes"),
        ("1," + "x" * 40_000, "line 3, column 2: the cell has 40,000 characters; at most 32,767 are read"),
        ("1,Caf\ufffd", "line 3, column 2: a character was lost"),
    ],
)
def test_a_broken_row_is_named_with_its_place_and_spoils_no_other(row: str, says: str) -> None:
    (_, before), (line, fault), (_, after) = faults(f"a,b\n1,2\n{row}\n3,4\n")
    assert (before, line, after) == (None, 3, None)
    assert fault is not None and fault.startswith(says)


def test_a_quote_that_is_never_closed_spoils_its_own_row() -> None:
    table = read_csv(b'a,b\n1,x\n2,"never closed\n3,y\n4,"fine\nindeed"\n5,z\n')
    found = [(row.line, dict(row.members)) for row in table.rows if row.fault is None]
    assert found == [
        (2, {"a": "1", "b": "x"}),
        (4, {"a": "3", "b": "y"}),
        (5, {"a": "4", "b": "fine\nindeed"}),
        (7, {"a": "5", "b": "z"}),
    ]
    (broken,) = [row for row in table.rows if row.fault is not None]
    assert (broken.line, broken.written) == (3, '2,"never closed')


def test_what_may_be_the_rest_of_a_broken_row_is_no_row() -> None:
    """Of a text of several lines that ends badly no line is taken for a row."""
    found = faults('a,b\n1,"first\nsecond\nthird" end\n2,x\n')
    assert [(line, fault is None) for line, fault in found] == [(2, False), (3, False), (4, False), (5, True)]
    assert "part of the broken row" in str(found[1][1])


def test_a_cell_under_a_column_without_a_name_is_refused_and_not_dropped() -> None:
    """As pandas writes its index, and people a remark beside the table."""
    (_, fault), (_, fine) = faults("a,,b\n1,remark,2\n1,,2\n")
    assert fault == "line 2, column 2: the column of 'remark' has no name"
    assert fine is None


def test_lines_of_json_stand_each_for_itself() -> None:
    table = read_lines(b'\n{"a": 1}\r\n{"a": 1\n["a"]\n{"a": 1, "a": 2}\n{"a": NaN}\n{"a": 2}')
    assert [(row.line, row.fault is None) for row in table.rows] == [
        (2, True), (3, False), (4, False), (5, False), (6, False), (7, True)
    ]  # fmt: skip
    assert table.rows[0].written == '{"a": 1}'
    assert table.rows[2].fault == 'line 4: it is not a JSON object: ["a"]'


def test_notes_belong_to_no_row() -> None:
    table = read_csv('line,reason,a,b\n7,"why, oh",1,"x"\n8,why,2,"y" z\n'.encode("utf-8-sig"), ("line", "reason"))
    assert table.header == "a,b"
    assert [(row.written, dict(row.members)) for row in table.rows] == [
        ('1,"x"', {"a": "1", "b": "x"}),
        ('2,"y" z', {}),
    ]


CELL = st.text(st.sampled_from('ab,;\t"\n\r é😀='), max_size=6)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=6), st.sampled_from(list(rows.SEPARATORS)))
def test_whatever_a_csv_writer_writes_is_read_as_it_was(cells: list[list[str]], separator: str) -> None:
    import csv  # noqa: PLC0415  # the reference
    import io  # noqa: PLC0415  # the reference

    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([["first", "second"], *cells])
    found = read_csv(out.getvalue().encode()).rows
    wanted = [
        {n: c for n, c in zip(("first", "second"), row, strict=True) if c}
        for row in cells
        if any(c.strip() for c in row)
    ]
    assert [dict(row.members) for row in found] == wanted
    assert all(row.fault is None for row in found)


@given(st.text(st.sampled_from('ab,"\n\r'), max_size=60))
def test_no_text_of_the_file_is_lost(text: str) -> None:
    """Every row, sound or broken, is given back as it was written; only blank ones are not."""
    data = "a,b\n" + text
    kept = "".join(row.written for row in read_csv(data.encode()).rows)
    for mark in "ab":
        assert kept.count(mark) == text.count(mark)


@pytest.mark.parametrize(
    ("read", "data", "reader"),
    [
        (read_lines, b"{}\n" * 80_000, "parse"),
        (lambda data, most: read_csv(data, most=most), b"a,b\n" + b"1,2\n" * 60_000, "_record"),
    ],
    ids=["JSON lines", "CSV"],
)
def test_what_follows_one_row_too_many_is_not_read(
    monkeypatch: pytest.MonkeyPatch, read: Any, data: bytes, reader: str
) -> None:
    """Counted, not timed: a body of 240 kB could keep a function busy for seconds."""
    calls, original = list[None](), getattr(rows, reader)

    def counting(*args: Any) -> Any:
        calls.append(None)
        return original(*args)

    monkeypatch.setattr(rows, reader, counting)
    assert len(read(data, 1001).rows) == 1001
    assert len(calls) <= 1001 + 4, "but for the header, once for each separator"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_csv, read_lines):
        try:
            read(data)
        except Unreadable as error:
            assert str(error)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *(
            ("=1+1", "'=1+1"),
            ("@nora", "'@nora"),
            ("-", "'-"),
            ("+49 30", "'+49 30"),
            ("\t=x", "'\t=x"),
            ("'=x", "''=x"),
        ),
        *(("-5", "-5"), ("+3.25", "+3.25"), ("1e-3", "1e-3"), ("-1E+9", "-1E+9")),  # numbers stay numbers
        *(("nora", "nora"), ("'tis", "'tis"), ("", ""), ("a=b", "a=b")),
    ],
)
def test_no_cell_is_run_as_a_formula_and_a_reading_takes_the_guard_off(cell: str, written: str) -> None:
    assert rows.guarded(cell) == written
    assert rows.unguarded(written) == cell
