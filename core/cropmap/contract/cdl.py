"""The classes of the United States' Cropland Data Layer (CDL): codes, names, colours.

The CDL is made by the National Agricultural Statistics Service of the USDA and is in the public domain. Codes, names
and colours are facts of its Earth Engine catalogue entry, USDA/NASS/CDL. Files of single years carry palettes that
differ by some levels, so colours never tell a class.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CdlClass:
    """One class of the CDL.

    Args:
        code: Its code in the rasters.
        name: Its name.
        colour: As #rrggbb.
        group: "crop", "double crop" (two crops harvested in one year) or "non-crop"; fallow cropland is a crop.
    """

    code: int
    name: str
    colour: str
    group: str


_CROPS = (
    (1, "Corn", "#ffd400"),
    (2, "Cotton", "#ff2626"),
    (3, "Rice", "#00a9e6"),
    (4, "Sorghum", "#ff9e0f"),
    (5, "Soybeans", "#267300"),
    (6, "Sunflower", "#ffff00"),
    (10, "Peanuts", "#70a800"),
    (11, "Tobacco", "#00af4d"),
    (12, "Sweet Corn", "#e0a60f"),
    (13, "Pop or Orn Corn", "#e0a60f"),
    (14, "Mint", "#80d4ff"),
    (21, "Barley", "#e2007f"),
    (22, "Durum Wheat", "#8a6453"),
    (23, "Spring Wheat", "#d9b56c"),
    (24, "Winter Wheat", "#a87000"),
    (25, "Other Small Grains", "#d69dbc"),
    (27, "Rye", "#ae017e"),
    (28, "Oats", "#a15889"),
    (29, "Millet", "#73004c"),
    (30, "Speltz", "#d69dbc"),
    (31, "Canola", "#d1ff00"),
    (32, "Flaxseed", "#8099ff"),
    (33, "Safflower", "#d6d600"),
    (34, "Rape Seed", "#d1ff00"),
    (35, "Mustard", "#00af4d"),
    (36, "Alfalfa", "#ffa8e3"),
    (37, "Other Hay/Non Alfalfa", "#a5f58d"),
    (38, "Camelina", "#00af4d"),
    (39, "Buckwheat", "#d69dbc"),
    (41, "Sugarbeets", "#a900e6"),
    (42, "Dry Beans", "#a80000"),
    (43, "Potatoes", "#732600"),
    (44, "Other Crops", "#00af4d"),
    (45, "Sugarcane", "#b380ff"),
    (46, "Sweet Potatoes", "#732600"),
    (47, "Misc Vegs & Fruits", "#ff6666"),
    (48, "Watermelons", "#ff6666"),
    (49, "Onions", "#ffcc66"),
    (50, "Cucumbers", "#ff6666"),
    (51, "Chick Peas", "#00af4d"),
    (52, "Lentils", "#00deb0"),
    (53, "Peas", "#55ff00"),
    (54, "Tomatoes", "#f5a27a"),
    (55, "Caneberries", "#ff6666"),
    (56, "Hops", "#00af4d"),
    (57, "Herbs", "#80d4ff"),
    (58, "Clover/Wildflowers", "#e8beff"),
    (59, "Sod/Grass Seed", "#b2ffde"),
    (60, "Switchgrass", "#00af4d"),
    (61, "Fallow/Idle Cropland", "#bfbf7a"),
    (66, "Cherries", "#ff00ff"),
    (67, "Peaches", "#ff91ab"),
    (68, "Apples", "#b90050"),
    (69, "Grapes", "#704489"),
    (70, "Christmas Trees", "#007878"),
    (71, "Other Tree Crops", "#b39c70"),
    (72, "Citrus", "#ffff80"),
    (74, "Pecans", "#b6705c"),
    (75, "Almonds", "#00a884"),
    (76, "Walnuts", "#ebd6b0"),
    (77, "Pears", "#b39c70"),
    (204, "Pistachios", "#00ff8c"),
    (205, "Triticale", "#d69dbc"),
    (206, "Carrots", "#ff6666"),
    (207, "Asparagus", "#ff6666"),
    (208, "Garlic", "#ff6666"),
    (209, "Cantaloupes", "#ff6666"),
    (210, "Prunes", "#ff91ab"),
    (211, "Olives", "#344a34"),
    (212, "Oranges", "#e67525"),
    (213, "Honeydew Melons", "#ff6666"),
    (214, "Broccoli", "#ff6666"),
    (215, "Avocados", "#66994d"),
    (216, "Peppers", "#ff6666"),
    (217, "Pomegranates", "#b39c70"),
    (218, "Nectarines", "#ff91ab"),
    (219, "Greens", "#ff6666"),
    (220, "Plums", "#ff91ab"),
    (221, "Strawberries", "#ff6666"),
    (222, "Squash", "#ff6666"),
    (223, "Apricots", "#ff91ab"),
    (224, "Vetch", "#00af4d"),
    (227, "Lettuce", "#ff6666"),
    (229, "Pumpkins", "#ff6666"),
    (242, "Blueberries", "#000099"),
    (243, "Cabbage", "#ff6666"),
    (244, "Cauliflower", "#ff6666"),
    (245, "Celery", "#ff6666"),
    (246, "Radishes", "#ff6666"),
    (247, "Turnips", "#ff6666"),
    (248, "Eggplants", "#ff6666"),
    (249, "Gourds", "#ff6666"),
    (250, "Cranberries", "#ff6666"),
)
_DOUBLE_CROPS = (
    (26, "Dbl Crop WinWht/Soybeans", "#737300"),
    (225, "Dbl Crop WinWht/Corn", "#ffd400"),
    (226, "Dbl Crop Oats/Corn", "#ffd400"),
    (228, "Dbl Crop Triticale/Corn", "#ffd400"),
    (230, "Dbl Crop Lettuce/Durum Wht", "#8a6453"),
    (231, "Dbl Crop Lettuce/Cantaloupe", "#ff6666"),
    (232, "Dbl Crop Lettuce/Cotton", "#ff2626"),
    (233, "Dbl Crop Lettuce/Barley", "#e2007f"),
    (234, "Dbl Crop Durum Wht/Sorghum", "#ff9e0f"),
    (235, "Dbl Crop Barley/Sorghum", "#ff9e0f"),
    (236, "Dbl Crop WinWht/Sorghum", "#a87000"),
    (237, "Dbl Crop Barley/Corn", "#ffd400"),
    (238, "Dbl Crop WinWht/Cotton", "#a87000"),
    (239, "Dbl Crop Soybeans/Cotton", "#267300"),
    (240, "Dbl Crop Soybeans/Oats", "#267300"),
    (241, "Dbl Crop Corn/Soybeans", "#ffd400"),
    (254, "Dbl Crop Barley/Soybeans", "#267300"),
)
_NON_CROPS = (
    (0, "Background", "#000000"),
    (63, "Forest", "#95ce93"),
    (64, "Shrubland", "#c7d79e"),
    (65, "Barren", "#ccbfa3"),
    (81, "Clouds/No Data", "#f7f7f7"),
    (82, "Developed", "#9c9c9c"),
    (83, "Water", "#4d70a3"),
    (87, "Wetlands", "#80b3b3"),
    (88, "Nonag/Undefined", "#e9ffbe"),
    (92, "Aquaculture", "#00ffff"),
    (111, "Open Water", "#4d70a3"),
    (112, "Perennial Ice/Snow", "#d4e3fc"),
    (121, "Developed/Open Space", "#9c9c9c"),
    (122, "Developed/Low Intensity", "#9c9c9c"),
    (123, "Developed/Med Intensity", "#9c9c9c"),
    (124, "Developed/High Intensity", "#9c9c9c"),
    (131, "Barren", "#ccbfa3"),
    (141, "Deciduous Forest", "#95ce93"),
    (142, "Evergreen Forest", "#95ce93"),
    (143, "Mixed Forest", "#95ce93"),
    (152, "Shrubland", "#c7d79e"),
    (176, "Grass/Pasture", "#e9ffbe"),
    (190, "Woody Wetlands", "#80b3b3"),
    (195, "Herbaceous Wetlands", "#80b3b3"),
)

_GROUPS = {"crop": _CROPS, "double crop": _DOUBLE_CROPS, "non-crop": _NON_CROPS}

# All 134 classes, by ascending code.
CDL: tuple[CdlClass, ...] = tuple(
    sorted((CdlClass(*row, group) for group, rows in _GROUPS.items() for row in rows), key=lambda found: found.code)
)


def cdl_codes(group: str) -> tuple[int, ...]:
    """Return the codes of a group, ascending; groups are those of `CdlClass`."""
    return tuple(found.code for found in CDL if found.group == group)
