"""IBANs with computed checksums.

Structures after the SWIFT IBAN registry (ISO 13616):
https://www.swift.com/standards/data-standards/iban-international-bank-account-number
n is a digit, a an upper-case letter, c either; figures give the length.
"""

import re
import string

STRUCTURES = {
    "AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c", "BA": "16n", "BE": "12n", "BG": "4a6n8c",
    "BH": "4a14c",
    "BR": "23n1a1c", "CH": "5n12c", "CR": "18n", "CY": "8n16c", "CZ": "20n", "DE": "18n", "DK": "14n", "DO": "4c20n",
    "EE": "16n",
    "EG": "25n", "ES": "20n", "FI": "14n", "FO": "14n", "FR": "10n11c2n", "GB": "4a14n", "GE": "2a16n", "GI": "4a15c",
    "GL": "14n",
    "GR": "7n16c", "HR": "17n", "HU": "24n", "IE": "4a14n", "IL": "19n", "IS": "22n", "IT": "1a10n12c",
    "JO": "4a4n18c", "KW": "4a22c",
    "KZ": "3n13c", "LB": "4n20c", "LI": "5n12c", "LT": "16n", "LU": "3n13c", "LV": "4a13c", "MC": "10n11c2n",
    "MD": "20c", "ME": "18n",
    "MK": "3n10c2n", "MT": "4a5n18c", "NL": "4a10n", "NO": "11n", "PK": "4a16c", "PL": "24n", "PT": "21n",
    "QA": "4a21c", "RO": "4a16c",
    "RS": "18n", "SA": "2n18c", "SE": "20n", "SI": "15n", "SK": "20n", "SM": "1a10n12c", "TN": "20n", "TR": "6n16c",
    "UA": "6n19c",
    "VG": "4a16n", "XK": "16n",
}

LOCALE_COUNTRY = {
    "en_GB": "GB", "de_DE": "DE", "fr_FR": "FR", "es_ES": "ES", "it_IT": "IT", "pt_PT": "PT", "nl_NL": "NL",
    "sv_SE": "SE", "no_NO": "NO",
    "da_DK": "DK", "fi_FI": "FI", "pl_PL": "PL", "cs_CZ": "CZ", "sk_SK": "SK", "hu_HU": "HU", "ro_RO": "RO",
    "bg_BG": "BG", "el_GR": "GR",
    "tr_TR": "TR", "uk_UA": "UA", "he_IL": "IL", "ar_EG": "EG", "hr_HR": "HR", "lt_LT": "LT", "lv_LV": "LV",
    "et_EE": "EE", "pt_BR": "BR",
}

ALPHABETS = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits + string.ascii_uppercase}


def check_digits(country, bban):
    """Two digits so that the whole number is 1 modulo 97 (ISO 7064 MOD 97-10)."""
    return f"{98 - int(''.join(str(int(ch, 36)) for ch in bban + country + '00')) % 97:02}"


def draw(r, country):
    """One IBAN, compact. Letters of c fields are rare, as in practice."""
    bban = ""
    for length, kind in re.findall(r"(\d+)([nac])", STRUCTURES[country]):
        for _ in range(int(length)):
            bban += r.choice(ALPHABETS["n" if kind == "c" and r.random() < 0.8 else kind])
    return country + check_digits(country, bban) + bban


def grouped(iban):
    """Groups of four, as on paper."""
    return " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))


def wrong(r, country):
    """An IBAN with one digit changed after the check digits: MOD 97-10 notices each such change."""
    iban = draw(r, country)
    at = r.choice([i for i in range(4, len(iban)) if iban[i].isdigit()])
    return iban[:at] + r.choice([d for d in string.digits if d != iban[at]]) + iban[at + 1 :]
