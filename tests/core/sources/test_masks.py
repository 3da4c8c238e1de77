"""Mask layers by the numbers of the product guides."""

from __future__ import annotations

import numpy as np
import pytest

from cropmap.data.scenes import MaskRule
from cropmap.io.masking import mask_is_clear, mask_is_cloud
from cropmap.sources.masks import known_name, mask_of, rule_text


def clear(text, numbers, dtype="uint16"):
    return mask_is_clear(mask_of(text).rule, np.array(numbers, dtype), float("nan")).tolist()


def cloud(text, numbers, dtype="uint16"):
    return mask_is_cloud(mask_of(text).rule, np.array(numbers, dtype), float("nan")).tolist()


# Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619), QA_PIXEL value interpretations.
CLEAR = {21824: "land", 21888: "water", 22080: "middle confidence of cloud", 22144: "the same over water"}
CLOUDED = {
    21826: "dilated cloud over land",
    21890: "dilated cloud over water",
    22280: "cloud",
    23888: "shadow",
    23952: "shadow over water",
    24088: "shadow, middle confidence of cloud",
    24216: "the same over water",
    24344: "cloud and shadow",
    24472: "the same over water",
    30048: "snow",
    54596: "cirrus",
    54852: "cirrus, middle confidence of cloud",
    55052: "cirrus and cloud",
}


def test_qa_pixel_reads_the_values_of_the_guide():
    assert clear("QA_PIXEL", [*CLEAR, *CLOUDED, 1]) == [True] * len(CLEAR) + [False] * (len(CLOUDED) + 1)
    assert cloud("QA_PIXEL", [*CLEAR, *CLOUDED, 1]) == [False] * len(CLEAR) + [True] * len(CLOUDED) + [False]


@pytest.mark.parametrize(
    ("name", "bit", "example"),
    [("dilated_cloud", 1, 21826), ("cirrus", 2, 54596), ("cloud", 3, 22280), ("shadow", 4, 23888), ("snow", 5, 30048)],
)
def test_each_class_of_qa_pixel_can_be_chosen_by_name_or_bit(name, bit, example):
    for text in (f"QA_PIXEL bits {name}", f"qa_pixel BITS {bit}"):
        assert clear(text, [example, 21824, 1]) == [False, True, False]
    others = [number for number in (21826, 54596, 22280, 23888, 30048) if number != example]
    assert all(clear(f"QA_PIXEL bits {name}", others))


def test_a_bit_named_twice_is_one_bit():
    assert clear("QA_PIXEL bits cloud 3", [1 << 3, 1 << 4]) == [False, True]
    assert clear("X bits 3+3", [1 << 3, 1 << 4]) == [False, True]


def test_qa_radsat_refuses_every_saturated_dropped_or_occluded_pixel_and_does_not_grow():
    flags = [1 << bit for bit in (0, 1, 2, 3, 4, 5, 6, 8, 9, 11)]
    assert clear("QA_RADSAT", [0, *flags]) == [True] + [False] * len(flags)
    assert not any(cloud("QA_RADSAT", flags))
    assert clear("QA_RADSAT bits dropped occluded", [0, 1, 1 << 9, 1 << 11]) == [True, True, False, False]


def test_scene_classes_of_sentinel_2():
    usable = [number in (4, 5, 6, 7) for number in range(12)]
    assert clear("SCL", range(12), "uint8") == usable
    assert cloud("SCL", range(12), "uint8") == [number and not good for number, good in enumerate(usable)]
    assert clear("SCL clear vegetation bare 6", range(12), "uint8") == [number in (4, 5, 6) for number in range(12)]
    assert clear("SCL bad cloud_high cirrus", [0, 3, 9, 10, 11], "uint8") == [False, True, False, False, True]


def test_cloud_mask_and_probability_of_sentinel_hub():
    assert clear("CLM", [0, 1, 255], "uint8") == [True, False, False]
    assert cloud("CLM", [0, 1, 255], "uint8") == [False, True, False]
    assert clear("CLP", [0, 102, 103, 255], "uint8") == [True, True, False, False]  # 102 / 255 is 0.4
    assert clear("probability up to 60.5", [60, 61], "uint8") == [True, False]


def test_fmask_of_hls():
    # Aerosol in bits 6 and 7: 0 climatology, 64 low, 128 moderate, 192 high; 32 water.
    numbers = [0, 64, 128, 192, 32, 64 + 2, 64 + 4, 64 + 8, 64 + 16, 255]
    assert clear("Fmask", numbers, "uint8") == [True] * 5 + [False] * 5
    assert cloud("Fmask", numbers, "uint8") == [False] * 5 + [True] * 4 + [False]
    strict = "Fmask bits cloud adjacent shadow snow high_aerosol"
    assert clear(strict, numbers, "uint8") == [True, True, True, False, True] + [False] * 5
    assert clear("Fmask bits cloud 6+7", [2, 4, 192, 128], "uint8") == [False, True, False, True]


def test_masks_of_maja():
    for name in ("CLD", "CLM", "EDG", "SAT"):
        assert clear(name, [0, 1, 2, 128], "uint8") == [True, False, False, False]
    assert cloud("CLM", [1, 64], "uint8") == [True, True]
    assert not any(cloud("EDG", [1], "uint8") + cloud("SAT", [1, 64], "uint8"))
    assert clear("MG2", [0, 1, 2, 4, 8, 16], "uint8") == [True, True, False, False, False, False]


@pytest.mark.parametrize("name", ["pixel_reliability", "SummaryQA"])
def test_pixel_reliability_of_modis(name):
    assert clear(name, [-1, 0, 1, 2, 3], "int8") == [False, True, True, False, False]
    assert clear(name, [255, 0, 1, 2, 3], "uint8") == [False, True, True, False, False]
    assert cloud(name, [-1, 0, 1, 2, 3], "int8") == [False, False, False, True, True]
    assert clear(f"{name} clear good", [0, 1], "int8") == [True, False]


def test_any_band_can_be_a_mask():
    assert clear("my flags clear 0 1", [0, 1, 2]) == [True, True, False]
    assert clear("X bad 3 8", [0, 3, 8]) == [True, False, False]
    assert clear("X bits 1 4+5", [0, 2, 16, 48]) == [True, False, True, False]
    assert clear("X clear -1", [-1, 0], "int16") == [True, False]
    assert mask_of("my flags clear 0 1").band == "my flags"


@pytest.mark.parametrize(
    ("band", "name"),
    [
        ("LC08_QA_PIXEL", "QA_PIXEL"),
        ("scl", "SCL"),
        ("T31_SCL", "SCL"),
        ("MUSCLE", ""),
        ("MSK_CLDPRB", ""),
        ("B04", ""),
    ],
)
def test_masks_are_known_by_whole_words(band, name):
    assert known_name(band) == name


@pytest.mark.parametrize(
    "text", ["SCL clear 4 5", "X bad 3 8", "QA_PIXEL bits 1 3 6+7", "CLP up to 40", "CLP up to 0.5", "SCL", "Fmask"]
)
def test_a_shown_rule_means_the_rule_when_it_is_written_again(text):
    mask = mask_of(text)
    assert mask_of(f"{mask.band} {rule_text(mask.rule)}") == mask


def test_a_rule_of_several_kinds_is_shown_whole():
    assert rule_text(MaskRule(bad_values=(2,), bad_bits=(7,), most=9)) == "bad 2; bits 7; up to 9"
