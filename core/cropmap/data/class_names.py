"""What class names mean: one name for each crop, whatever the language and spelling."""

from __future__ import annotations

import re
import unicodedata

# What people write for a crop in English, Serbian and Croatian (in Latin letters; Cyrillic ones are turned into these),
# German, French and Romanian. Kinds that a map may part stay apart: winter wheat is no spring wheat, and neither is
# plain wheat; sweet corn and silage maize are no corn. A word that means different things in two languages is left out
# (livada: a meadow in Serbian, an orchard in Romanian).
_NAMES = {
    "corn": "maize, kukuruz, mais, porumb",
    "sweet corn": "sweetcorn, sweet maize, kukuruz šećerac, zuckermais, maïs doux, porumb dulce",
    "silage maize": "silage corn, maize silage, corn silage, silažni kukuruz, silomais, maïs ensilage",
    "grain maize": "grain corn, körnermais, koernermais, maïs grain",
    "soybean": "soybeans, soy, soya, soya bean, soya beans, soy bean, soy beans, soja, sojabohne, sojabohnen, soia",
    "sugar beet": "sugar beets, sugarbeet, sugarbeets, šećerna repa, zuckerrübe, zuckerrüben, zuckerruebe, "
    "zuckerrueben, betterave sucrière, betteraves sucrières, sfeclă de zahăr",
    "sugarcane": "sugar cane, šećerna trska, zuckerrohr, canne à sucre, trestie de zahăr",
    "rapeseed": "rape seed, rape, oilseed rape, oil seed rape, canola, uljana repica, raps, colza, rapiță",
    "winter rapeseed": "winter rape, winter oilseed rape, winter canola, ozima uljana repica, winterraps, "
    "colza d'hiver, rapiță de toamnă",
    "spring rapeseed": "spring rape, spring oilseed rape, spring canola, sommerraps, colza de printemps",
    "wheat": "pšenica, weizen, blé, grâu",
    "winter wheat": "ozima pšenica, winterweizen, blé d'hiver, grâu de toamnă",
    "spring wheat": "jara pšenica, sommerweizen, blé de printemps, grâu de primăvară",
    "durum wheat": "durum, durum pšenica, hartweizen, blé dur, grâu dur",
    "common wheat": "soft wheat, weichweizen, blé tendre",
    "spelt": "speltz, dinkel, épeautre",
    "barley": "ječam, gerste, orge, orz",
    "winter barley": "ozimi ječam, wintergerste, orge d'hiver, orz de toamnă",
    "spring barley": "jari ječam, sommergerste, orge de printemps",
    "rye": "raž, roggen, seigle, secară",
    "oats": "oat, ovas, zob, hafer, avoine, ovăz",
    "triticale": "tritikale",
    "sorghum": "sirak, sorgho, sorg",
    "millet": "proso, hirse, mei",
    "buckwheat": "heljda, buchweizen, sarrasin, hrișcă",
    "rice": "pirinač, riža, reis, riz, orez",
    "sunflower": "sunflowers, suncokret, sonnenblume, sonnenblumen, tournesol, floarea soarelui",
    "cotton": "pamuk, baumwolle, coton, bumbac",
    "tobacco": "duvan, duhan, tabak, tabac, tutun",
    "hemp": "konoplja, hanf, chanvre, cânepă",
    "flaxseed": "linseed",
    "hops": "hop, hmelj, hopfen, houblon, hamei",
    "alfalfa": "lucerne, lucerka, lucerna, luzerne",
    "clover": "detelina, djetelina, klee, trèfle, trifoi",
    "potato": "potatoes, krompir, krumpir, kartoffel, kartoffeln, pomme de terre, pommes de terre, cartof, cartofi",
    "onion": "onions, crni luk, zwiebel, zwiebeln, oignon, oignons, ceapă",
    "tomato": "tomatoes, paradajz, rajčica, tomate, tomaten, tomates, roșii",
    "pumpkin": "pumpkins, bundeva, bundeve, kürbis, kuerbis, dovleac, dovleci",
    "peas": "pea, grašak, erbse, erbsen, pois, mazăre",
    "chickpea": "chickpeas, chick pea, chick peas, slanutak, kichererbse, kichererbsen, pois chiche, "
    "pois chiches, năut",
    "lentils": "lentil, sočivo, leća, linse, linsen, lentille, lentilles, linte",
    "peanuts": "peanut, groundnut, groundnuts, kikiriki, erdnuss, erdnüsse, arachide, arachides, arahide",
    "orchard": "orchards, voćnjak, voćnjaci, verger, vergers",
    "vineyard": "vineyards, vinograd, vinogradi, weinberg, vignoble, vigne, vignes",
    "grassland": "grasslands, travnjak, travnjaci, grünland, gruenland",
    "pasture": "pastures, pašnjak, pašnjaci, weide, pâturage, pășune",
    "meadow": "meadows, wiese, wiesen",
    "permanent meadow": "permanent meadows, prairie permanente, prairies permanentes",
    "temporary meadow": "temporary meadows, prairie temporaire, prairies temporaires",
    "fallow": "ugar, brache, jachère",
    "forest": "forests, šuma, šume, wald, forêt, forêts, pădure",
    "water": "voda, wasser, eau, apă",
    "other": "others, ostalo, sonstige, sonstiges, autre, autres, altele",
}

# Serbian Cyrillic, letter by letter, as its Latin alphabet writes it; lower case.
_CYRILLIC = str.maketrans(
    dict(zip("абвгдежзијклмнопрстћуфхцчш", "abvgdežzijklmnoprstćufhcčš", strict=True))
    | {"ђ": "đ", "љ": "lj", "њ": "nj", "џ": "dž"}
)


def canonical(name: str) -> str:
    """Return the one name of a crop that people call by many: corn for maize, kukuruz, кукуруз, Mais, porumb.

    Case, accents, hyphens and underscores do not matter. A name that is not known comes back in lower case, with single
    spaces, and is the same as no other but for that. Alike names that mean different things stay different: winter
    wheat and wheat, sweet corn and corn.
    """
    known = _ALIASES.get(_plain(name))
    if known is not None:
        return known
    lower = unicodedata.normalize("NFC", name.casefold())
    return " ".join(re.sub(r"_|(?<=[^\W\d_])-(?=[^\W\d_])", " ", lower).split())


def _plain(name: str) -> str:
    """Return a name in plain lower-case letters: Cyrillic as Latin, without accents, words parted by one space."""
    latin = unicodedata.normalize("NFC", name.casefold()).translate(_CYRILLIC).replace("đ", "dj")
    letters = "".join(sign for sign in unicodedata.normalize("NFD", latin) if not unicodedata.combining(sign))
    return " ".join(re.sub(r"(?<=\w)['\u2019_-](?=\w)|_", " ", letters).split())


_ALIASES = {
    _plain(alias): crop for crop, aliases in _NAMES.items() for alias in (crop, *aliases.split(", ")) if alias.strip()
}
