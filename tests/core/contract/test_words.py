import pytest

from cropmap.contract.words import counted, listed


@pytest.mark.parametrize(("number", "text"), [(0, "0 points lie"), (1, "1 point lies"), (2, "2 points lie")])
def test_one_has_words_of_its_own(number, text):
    assert counted(number, "point lies", "points lie") == text


@pytest.mark.parametrize(("most", "text"), [(3, "a, b, c"), (2, "a, b, ..."), (1, "a, ...")])
def test_dots_stand_for_what_is_beyond_the_most(most, text):
    assert listed(["a", "b", "c"], most) == text
