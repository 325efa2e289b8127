"""Tables are read as they are meant, or refused with the line and the remedy; nothing is misread without a word."""

from pathlib import Path

import numpy as np
import pytest

from minnorm.table import read_again, read_points, read_table

CASES = Path(__file__).parent / "tables"


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "data.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def test_target_by_name_and_last_by_default(write):
    path = write("a, y ,b\n1,2,3\n4,5,6\n")
    table = read_table(path, "y")
    assert table.features == ("a", "b")
    np.testing.assert_array_equal(table.points, [[1, 3], [4, 6]])
    np.testing.assert_array_equal(table.values, [2, 5])
    assert read_table(path).target == "b"


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        ("", None, ["is empty"]),
        ("# x,y\n", None, ["is empty"]),
        ("x,y\n", None, ["no rows"]),
        ("x\n1\n", None, ["two or more"]),
        ("x,x \n1,2\n", None, ["several columns x", "different names"]),
        ("x,y\n1,2\n", "z", ["target", "'z'", "x, y"]),
        ("x,y\n1,2\n3,four\n", "y", ["line 3", "'y'", "'four'", "--drop"]),
        ("x,y\n1,2\n,4\n", "y", ["line 3", "'x'", "no entry", "--dropna"]),
        ("x,y\n1,2\n1,NaN\n", "y", ["line 3", "'y'", "'NaN'"]),
        ("x,y\n1,2\n1,inf\n", "y", ["line 3", "'y'", "inf"]),
        ("x,y\n\n# why\n1,2\n\n3,four\n", "y", ["line 6", "'four'"]),
        ('x,y\n"1\n",2\n3,four\n', "y", ["line 4", "'four'"]),
        ("x,y\n1,2\n1_000,2\n", "y", ["line 3", "'1_000'", "not a number"]),
        ("x,y\n1,2\n" + "1" * 400 + ",2\n", "y", ["line 3", "400 digits", "beyond the range"]),
        ("x,y\n1,2\n9007199254740993,2\n", "y", ["line 3", "9007199254740993", "float64 cannot hold"]),
        ("0.0,1.0\n0.5,2.0\n", None, ["no header line", "'0.0,1.0'", "x1,y"]),
        ("# old\n0,5;1,25\n1,0;2,5\n", None, ["no header line", "line 2 is '0,5;1,25'"]),
        ("x,y\n1,2,3\n4,5,6\n", None, ["line 2 has 3 fields", "header line has 2"]),
        ("x,y\n1,2,\n", None, ["line 2 has 3 fields"]),
        ("x,y,z\n1,2,3\n1,2\n", None, ["line 3 has 2 fields"]),
        ('"x" "y"\n"1" 0.5 1\n"2" 1 2\n', None, ["line 2 has 3 fields", "space"]),
        ("x,,y\n1,2,3\n", None, ["no name for column 2"]),
        (",x,y\n0.5,1,2\n0.7,2,3\n", None, ["no name for column 1"]),
        ("x;y\n1,234;2\n", None, ["'1,234'", "--decimal"]),
        ('x,y\n"1,5","2"\n', None, ["line 2", "'1,5'"]),
        (b"PK\x03\x04\0\0\0", None, ["not a text file"]),
    ],
    ids=lambda value: None if not isinstance(value, str | bytes) else repr(value[:30]),
)
def test_each_fault_has_its_own_line(write, text, target, words):
    with pytest.raises(ValueError, match="csv") as error:
        read_table(write(text), target)
    assert all(word in str(error.value) for word in words), error.value
    assert "\n" not in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match="not a file"):
        read_table(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("name", "features", "first", "words"),
    [
        ("comment.csv", ("x",), [0.5, 1.25], []),
        ("index_column.csv", ("times",), [2.4, 0.0], ["column 1", "left out"]),
        ("latin1.csv", ("Größe",), [1.0, 1.25], ["Latin-1"]),
        ("semicolon_decimal_comma.csv", ("x",), [0.5, 1.25], ["semicolon", "decimal"]),
        ("semicolon_point.csv", ("x", "z"), [0.5, 1.0, 1.25], ["semicolon"]),
        ("tab.tsv", ("x",), [0.5, 1.25], ["tab"]),
        ("trailing_comma.csv", ("x",), [1.0, 1.25], ["column 3", "left out"]),
    ],
)
def test_files_as_they_come(name, features, first, words):
    table = read_table(CASES / name)
    assert table.features == features
    np.testing.assert_array_equal([*table.points[0], table.values[0]], first)
    assert len(table.notes) == max(len(words) // 2, 1) * bool(words) or name == "semicolon_decimal_comma.csv"
    assert all(word in " ".join(table.notes) for word in words), table.notes


@pytest.mark.parametrize(
    ("name", "words"),
    [("dup_names.csv", "several columns y"), ("no_header.csv", "no header line: line 1 is '0.0,1.0'")],
)
def test_files_that_cannot_be_taken(name, words):
    with pytest.raises(ValueError, match=words):
        read_table(CASES / name)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffx,y\n1,2\n3,4\n",
        "x,y\r\n1,2\r\n3,4\r\n",
        "x,y\r1,2\r3,4",
        "x y\n1 2\n  3   4 \n",
        "x|y\n1|2\n3|4\n",
        'x,"y"\n"1", "2"\n3,4\n',
        "Unnamed: 0,x,y\n0,1,2\n5,3,4\n",
        ",x,y\nBordeaux,1,2\nLyon,3,4\n",
        "x\ty\n1.0\t2e0\n+3\t.4e1\n",
        "x;y\n1,0;2,00\n3;4\n",
        "x,y\n1,2\n3,4\n".encode("utf-16"),
    ],
)
def test_forms_of_one_table(write, text):
    table = read_table(write(text))
    assert (table.features, table.target) == (("x",), "y")
    np.testing.assert_array_equal(np.column_stack([table.points, table.values]), [[1, 2], [3, 4]])


def test_columns_are_chosen_left_out_and_ordered(write):
    path = write("name,a,b,c,y\none,1,2,3,4\ntwo,5,,7,8\n")
    assert read_table(path, features=["c", "a"]).features == ("c", "a")
    table = read_table(path, drop=["name", "b"])
    assert (table.features, table.target) == (("a", "c"), "y")
    assert read_table(path, drop=["name", "b", "y"]).target == "c"
    table = read_table(path, drop=["name"], dropna=True)
    np.testing.assert_array_equal(table.points, [[1, 2, 3]])
    assert "1 of 2 rows" in table.notes[0]
    assert read_points(path, ["c", "a"])[0].tolist() == [[3, 1], [7, 5]]


def test_separator_and_decimal_as_told(write):
    path = write("x;y\n1,234;2\n")
    assert read_table(path, decimal=",").points[0, 0] == 1.234
    path = write("a;x,y\n1;2,5\n")
    assert read_table(path, separator="semicolon", decimal=",").values[0] == 2.5
    assert read_table(path, separator=";", decimal=",").features == ("a",)


def test_ties_have_their_lines_and_their_means():
    table = read_table(CASES / "many_ties.csv")
    with pytest.raises(ValueError, match=r"2 points more than once .* lines 2, 3; lines 5, 6, 7; so what"):
        table.reject_ties("many_ties.csv", "so what")
    mean = read_table(CASES / "many_ties.csv", ties="mean")
    mean.reject_ties("", "")
    np.testing.assert_array_equal(mean.points[:, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(mean.values, [1.5, 0, 7 / 3, 1])
    assert mean.lines.tolist() == [2, 4, 5, 8]
    assert "5 rows are of 2 points" in mean.notes[0]


def test_a_table_is_read_again_as_it_was(write):
    path = write("n;a;b;y\n1;0,5;;2\n2;0,5;1;3\n3;0,5;1;5,5\n4;1;2;8\n")
    table = read_table(path, "y", ["b", "a"], dropna=True, ties="mean")
    again = read_again(path, table.reading, table.features)
    np.testing.assert_array_equal(again.points, [[1, 0.5], [2, 1]])
    np.testing.assert_array_equal(again.points, table.points)
    np.testing.assert_array_equal(again.values, table.values)
    assert read_again(path, {}, ["a"]).target == "y"
