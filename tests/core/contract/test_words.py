import pytest

from cropmap.contract.words import counted, listed


@pytest.mark.parametrize(("number", "text"), [(0, "0 points lie"), (1, "1 point lies"), (2, "2 points lie")])
def test_one_has_words_of_its_own(number, text):
    assert counted(number, "point lies", "points lie") == text


@pytest.mark.parametrize(("most", "text"), [(3, "a, b, c"), (2, "a, b and 1 more"), (1, "a and 2 more")])
def test_what_is_beyond_the_most_is_counted(most, text):
    assert listed(["a", "b", "c"], most) == text
