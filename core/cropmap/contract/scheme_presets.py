"""Class schemes that are ready to use, in the text form that `contract.schemes` reads.

`corn_soybean_other` and `cdl_major` are made of codes of the Cropland Data Layer (`contract.cdl`); the others of names.
"""

from __future__ import annotations

# Corn, soybean and other, as Long et al. (2026) have them, but for two things: sweet corn and pop or ornamental corn
# are corn, and fields of two crops a year are left out. They were "other" there, although most of them hold one of the
# two crops.
_CORN_SOYBEAN_OTHER = """
Corn #ffd300 = 1, 12, 13
Soybean #267000 = 5
Other #d3d3d3 =
left out = 0, 26, 81, 225, 226, 228, 230-241, 254
rest = Other
"""

# The field crops that cover most of the United States' cropland, the most common double crop, all other crops, and the
# CDL's cover that is no crop in groups. "Nonag/Undefined" (88) says nothing of the cover and is left out with no data.
_CDL_MAJOR = """
Corn #ffd300 = 1
Cotton #ff2626 = 2
Rice #00a9e6 = 3
Sorghum #ff9e0f = 4
Soybean #267000 = 5
Sunflower #ffff00 = 6
Peanuts #70a800 = 10
Barley #e2007f = 21
Durum wheat #8a6453 = 22
Spring wheat #d9b56c = 23
Winter wheat #a87000 = 24
Winter wheat and soybean #737300 = 26
Rye #ae017e = 27
Oats #a15889 = 28
Millet #73004c = 29
Rapeseed #d1ff00 = 31, 34
Alfalfa #ffa8e3 = 36
Other hay #a5f58d = 37
Sugar beet #a900e6 = 41
Dry beans #a80000 = 42
Potato #732600 = 43
Sugarcane #b380ff = 45
Lentils #00deb0 = 52
Peas #55ff00 = 53
Fallow #bfbf7a = 61
Orchards and vineyards #b39c70 = 66-69, 71, 72, 74-77, 204, 210-212, 215, 217, 218, 220, 223
Other double crops #4c4c00 = 225, 226, 228, 230-241, 254
Other crops #00af4d = 11-14, 25, 30, 32, 33, 35, 38, 39, 44, 46-51, 54-60, 70, 205-209, 213, 214, 216, 219, 221, 222,
224, 227, 229, 242-250
Grassland #e9ffbe = 176
Shrubland #c7d79e = 64, 152
Forest #95ce93 = 63, 141-143
Wetlands #80b3b3 = 87, 190, 195
Water #4d70a3 = 83, 92, 111, 112
Developed #9c9c9c = 82, 121-124
Barren #ccbfa3 = 65, 131
left out = 0, 81, 88
"""

# The classes of Vojvodina 2022 in Antonijevic et al. (2023), with their numbers; the paper drops the two labels that
# are left out.
_VOJVODINA_7 = """
barley [0] = barley
maize [1] = maize
rapeseed [2] = rapeseed
soya [3] = soya
sugarbeet [4] = sugarbeet
sunflower [5] = sunflower
wheat [6] = wheat
left out = not_defined, olives
"""

# The classes of Brittany 2017 in the same paper, with the numbers of BreizhCrops (Russwurm et al. 2020) and the codes
# of the French parcel register that each is made of; all other parcels are left out, as there.
_BRITTANY_9 = """
barley [0] = barley, ORH, ORP
wheat [1] = wheat, BTH, BTP
rapeseed [2] = rapeseed, CZH, CZP
corn [3] = corn, MID, MIE, MIS
sunflower [4] = sunflower, TRN
orchards [5] = orchards, VRG, PWT, PFR, AGR
nuts [6] = nuts, CAB, CTG, NOS, NOX, PIS
permanent meadows [7] = permanent meadows, PPH, PRL
temporary meadows [8] = temporary meadows, PTR, RGA
rest = left out
"""

PRESETS = {
    "corn_soybean_other": _CORN_SOYBEAN_OTHER,
    "cdl_major": _CDL_MAJOR,
    "vojvodina_7": _VOJVODINA_7,
    "brittany_9": _BRITTANY_9,
}
