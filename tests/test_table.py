import numpy as np
import pytest

from minnorm.table import read_table


def write(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_text(text)
    return path


def test_target_by_name_and_last_by_default(tmp_path):
    path = write(tmp_path, "a, y ,b\n1,2,3\n4,5,6\n")
    table = read_table(path, "y")
    assert table.features == ("a", "b")
    np.testing.assert_array_equal(table.points, [[1, 3], [4, 6]])
    np.testing.assert_array_equal(table.values, [2, 5])
    assert read_table(path).target == "b"


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        ("", None, ["not a CSV file"]),
        ("x,y\n", None, ["no rows"]),
        ("x\n1\n", None, ["two or more"]),
        ("x,x \n1,2\n", None, ["different names"]),
        ("x,y\n1,2\n", "z", ["target", "'z'", "x, y"]),
        ("x,y\n1,2\n3,four\n", "y", ["line 3", "'y'", "'four'"]),
        ("x,y\n1,2\n,4\n", "y", ["line 3", "'x'", "nan"]),
        ("x,y\n1,2\n1,inf\n", "y", ["line 3", "'y'", "inf"]),
    ],
)
def test_each_fault_has_its_own_line(tmp_path, text, target, words):
    with pytest.raises(ValueError, match="csv") as error:
        read_table(write(tmp_path, text), target)
    assert all(word in str(error.value) for word in words)


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match="not a file"):
        read_table(tmp_path / "nowhere.csv")
