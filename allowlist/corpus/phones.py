"""Phone numbers of many countries in the ways people write them.

Ranges reserved for fiction are used where a country has one:
  US, CA  555-01xx                https://nationalnanpa.com/number_resource_info/555_numbers.html
  GB      drama numbers           https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
  DE      Drama Numbers           https://www.teltarif.de/drama-rufnummern-fiktiv-bundesnetzagentur-filme/news/84487.html
  FR      Arcep decision 2018-0881, fictional ranges
  AU      5550 and 7010           https://www.acma.gov.au/phone-numbers-use-tv-shows-films-and-creative-works
  IE      020 91x                 SE 070-174 06 xx and four area codes (PTS)
Elsewhere the digits are drawn by chance within the country's plan.

A pattern: x is any digit, n is 2 to 9, the trunk prefix stands in parentheses.
"""

import re

# locale: (country calling code, patterns)
PLANS = {
    "en_US": ("1", ["212 555 01xx", "312 555 01xx", "415 555 01xx", "617 555 01xx", "702 555 01xx", "206 555 01xx",
        "305 555 01xx", "512 555 01xx", "503 555 01xx", "718 555 01xx"]),
    "en_CA": ("1", ["416 555 01xx", "514 555 01xx", "604 555 01xx", "403 555 01xx", "613 555 01xx"]),
    "en_GB": ("44", ["(0)20 7946 0xxx", "(0)113 496 0xxx", "(0)117 496 0xxx", "(0)121 496 0xxx", "(0)131 496 0xxx",
        "(0)141 496 0xxx", "(0)161 496 0xxx", "(0)28 9649 6xxx", "(0)29 2018 0xxx", "(0)1632 960 xxx",
        "(0)7700 900 xxx"]),
    "de_DE": ("49", ["(0)30 23125 xxx", "(0)69 90009 xxx", "(0)40 66969 xxx", "(0)221 4710 xxx", "(0)89 99998 xxx"]),
    "fr_FR": ("33", ["(0)1 99 00 xx xx", "(0)2 61 91 xx xx", "(0)3 53 01 xx xx", "(0)4 65 71 xx xx",
        "(0)5 36 49 xx xx", "(0)6 39 98 xx xx"]),
    "en_AU": ("61", ["(0)2 5550 xxxx", "(0)2 7010 xxxx", "(0)3 5550 xxxx", "(0)3 7010 xxxx", "(0)7 5550 xxxx",
        "(0)8 7010 xxxx"]),
    "en_IE": ("353", ["(0)20 91x xxxx"]),
    "sv_SE": ("46", ["(0)70 174 06 nx", "(0)31 390 06 xx", "(0)40 628 04 xx", "(0)8 465 004 xx"]),
    "es_ES": ("34", ["612 nxx xxx", "654 nxx xxx", "912 nxx xxx"]),
    "es_MX": ("52", ["55 nxxx xxxx", "33 nxxx xxxx"]),
    "es_AR": ("54", ["11 4nxx xxxx"]),
    "es_CL": ("56", ["9 nxxx xxxx"]),
    "es_CO": ("57", ["300 nxx xxxx"]),
    "it_IT": ("39", ["347 nxx xxxx", "02 nxxx xxxx", "06 nxxx xxxx"]),
    "pt_BR": ("55", ["11 9nxxx xxxx", "21 9nxxx xxxx"]),
    "pt_PT": ("351", ["912 nxx xxx", "213 nxx xxx"]),
    "nl_NL": ("31", ["(0)20 nxx xxxx", "(0)6 2nxx xxxx"]),
    "nl_BE": ("32", ["(0)2 5xx xx xx", "(0)470 nx xx xx"]),
    "de_CH": ("41", ["(0)44 nxx xx xx", "(0)79 nxx xx xx"]),
    "de_AT": ("43", ["(0)664 nxx xxxx"]),
    "no_NO": ("47", ["22 4x xx xx", "41 nx xx xx"]),
    "da_DK": ("45", ["33 nx xx xx", "20 nx xx xx"]),
    "fi_FI": ("358", ["(0)40 nxx xxxx", "(0)50 nxx xxxx"]),
    "is_IS": ("354", ["581 nxxx"]),
    "pl_PL": ("48", ["22 6xx xx xx", "601 nxx xxx"]),
    "cs_CZ": ("420", ["224 nxx xxx", "777 nxx xxx"]),
    "sk_SK": ("421", ["(0)2 5nxx xxxx", "(0)905 nxx xxx"]),
    "hu_HU": ("36", ["(06)1 3xx xxxx", "(06)30 nxx xxxx"]),
    "ro_RO": ("40", ["(0)21 3xx xxxx", "(0)722 nxx xxx"]),
    "bg_BG": ("359", ["(0)2 9xx xxxx", "(0)888 nxx xxx"]),
    "el_GR": ("30", ["210 3xx xxxx", "694 nxx xxxx"]),
    "tr_TR": ("90", ["(0)212 2xx xx xx", "(0)532 nxx xx xx"]),
    "ru_RU": ("7", ["(8)495 7xx xx xx", "(8)916 nxx xx xx"]),
    "uk_UA": ("380", ["(0)44 4xx xx xx", "(0)50 nxx xx xx"]),
    "he_IL": ("972", ["(0)3 5xx xxxx", "(0)52 nxx xxxx"]),
    "ar_SA": ("966", ["(0)11 4xx xxxx", "(0)50 nxx xxxx"]),
    "ar_AE": ("971", ["(0)4 3xx xxxx", "(0)50 nxx xxxx"]),
    "ar_EG": ("20", ["(0)2 2nxx xxxx", "(0)100 nxx xxxx"]),
    "fa_IR": ("98", ["(0)21 8nxx xxxx", "(0)912 nxx xxxx"]),
    "hi_IN": ("91", ["98nxx nxxxx", "(0)22 2nxx xxxx"]),
    "id_ID": ("62", ["(0)21 5nxx xxxx", "(0)812 nxxx xxxx"]),
    "th_TH": ("66", ["(0)2 2xx xxxx", "(0)81 nxx xxxx"]),
    "vi_VN": ("84", ["(0)24 3nxx xxxx", "(0)90 nxx xx xx"]),
    "ja_JP": ("81", ["(0)3 3nxx xxxx", "(0)90 nxxx xxxx"]),
    "ko_KR": ("82", ["(0)10 nxxx xxxx", "(0)2 3nxx xxxx"]),
    "zh_CN": ("86", ["138 nxxx xxxx", "(0)10 6nxx xxxx"]),
    "zh_TW": ("886", ["(0)2 2nxx xxxx", "(0)912 nxx xxx"]),
    "zh_HK": ("852", ["2311 nxxx", "9123 nxxx"]),
    "en_SG": ("65", ["6nxx xxxx", "9nxx xxxx"]),
    "ms_MY": ("60", ["(0)12 nxx xxxx"]),
    "en_PH": ("63", ["(0)917 nxx xxxx"]),
    "en_NZ": ("64", ["(0)9 3nx xxxx", "(0)21 nxx xxxx"]),
    "en_ZA": ("27", ["(0)21 4nx xxxx", "(0)82 nxx xxxx"]),
    "en_NG": ("234", ["(0)803 nxx xxxx"]),
    "en_KE": ("254", ["(0)722 nxx xxx"]),
    "hr_HR": ("385", ["(0)1 4nxx xxx", "(0)91 nxx xxxx"]),
    "sl_SI": ("386", ["(0)1 2nx xx xx", "(0)41 nxx xxx"]),
    "lt_LT": ("370", ["612 nx xxx"]),
    "lv_LV": ("371", ["26 nxx xxx", "67 nxx xxx"]),
    "et_EE": ("372", ["5123 nxxx", "5812 nxxx"]),
    "ka_GE": ("995", ["555 nxx xxx"]),
}

NBSP, NB_HYPHEN = "\u00a0", "\u2011"


def draw(r, locale):
    """Country calling code, trunk prefix and digit groups of one number."""
    code, patterns = PLANS[locale]
    pattern = r.choice(patterns)
    trunk = ""
    if pattern.startswith("("):
        trunk, pattern = pattern[1:].split(")", 1)
    digits = re.sub("[xn]", lambda m: str(r.randint(2 if m.group() == "n" else 0, 9)), pattern)
    return code, trunk, digits.split()


def international(r, locale):
    """A number with + in one of its spellings, and the spelling's name."""
    code, trunk, groups = draw(r, locale)
    area, rest = groups[0], groups[1:]
    spellings = [
        (f"+{code} " + " ".join(groups), "spaced"),
        (f"+{code} " + " ".join(groups), "spaced"),
        (f"+{code}" + "".join(groups), "compact"),
        (f"+{code}" + "".join(groups), "compact"),
        (f"+{code}-" + "-".join(groups), "dashed"),
        (f"+{code} " + "-".join(groups), "dashed after the code"),
        (f"+{code}.{'.'.join(groups)}", "dotted"),
        (f"+{code} ({area}) " + "-".join(rest), "area in parentheses"),
        (f"+{code}({area})" + "".join(rest), "area in parentheses, compact"),
        (f"+{code}{NBSP}" + NBSP.join(groups), "no-break spaces"),
        (f"+{code}{NB_HYPHEN}" + NB_HYPHEN.join(groups), "no-break hyphens"),
    ]
    if trunk == "0":
        spellings.append((f"+{code} (0){area} " + " ".join(rest), "with (0)"))
    if code not in ("1", "7"):
        spellings.append((f"00{code} " + " ".join(groups), "00 prefix, spaced"))
    text, name = r.choice(spellings)
    return text, f"international, {name}, {locale}"


def national(r, locale, telling):
    """A number as written at home, with separators.

    Free text gets only forms that cannot be taken for a plain figure: North American, or with a
    trunk prefix and two separators. A telling key allows the rest.
    """
    code, trunk, groups = draw(r, locale)
    area, rest = trunk + groups[0], groups[1:]
    if trunk in ("06", "8"):  # written apart from the area in Hungary and Russia
        spellings = [(" ".join([trunk] + groups), "spaced"), ("-".join([trunk] + groups), "dashed"),
            (f"{trunk} ({groups[0]}) " + "-".join(rest), "area in parentheses")]
    elif code == "1":
        spellings = [("-".join(groups), "dashed"), (f"({area}) " + "-".join(rest), "area in parentheses"),
                     (".".join(groups), "dotted"), (" ".join(groups), "spaced"),
                     ("1-" + "-".join(groups), "leading 1, dashed"),
                     (f"({area}){'-'.join(rest)}", "area in parentheses, no space")]
    elif trunk and len(rest) >= 2:
        spellings = [(f"{area} " + " ".join(rest), "spaced"), (f"{area} " + " ".join(rest), "spaced"),
            (f"{area}-" + "-".join(rest), "dashed"),
                     (f"({area}) " + " ".join(rest), "area in parentheses"), (f"{area}/" + " ".join(rest), "slash"),
                     (f"{area}." + ".".join(rest), "dotted")]
    elif telling:
        spellings = [(f"{area} " + " ".join(rest), "spaced"), (f"{area}-" + "-".join(rest), "dashed"),
            (f"({area}) " + " ".join(rest), "area in parentheses")]
    else:
        return None
    text, name = r.choice(spellings)
    return text, f"national, {name}, {locale}"


def bare(r, locale):
    """Digits only; to be used under a telling key alone."""
    code, trunk, groups = draw(r, locale)
    if r.random() < 0.3:
        return code + "".join(groups), f"bare digits, with country code, telling key, {locale}"
    return trunk + "".join(groups), f"bare digits, national, telling key, {locale}"
