"""Says whether a value meant as innocent holds a secret by accident.

Written from the contract alone: what counts is what the scrubber has to remove, not how.
"""

import re
import string

from ibans import STRUCTURES
from values import luhn_digit

# Prefixes and lengths wide enough that no network's number slips through as innocent.
CARD = re.compile(
    r"""4\d{12}(\d{3}){0,2}|5\d{12,18}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12,17}|35\d{14}|6\d{12,18}
    |(8[12]|9792|1800|2131)\d{11,12}|220[0-4]\d{12,15}|1\d{14}""",
    re.VERBOSE,
)
PRODUCT_VERSION = re.compile(r"[A-Za-z]/\d+(\.\d+)+")
IPV4 = re.compile(r"(?<![\d.])\d{1,3}(\.\d{1,3}){3}(?![\d.]|\.\d)")
SSN = re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")


def is_card(digits):
    """A known prefix with its length and a right check digit."""
    return bool(CARD.fullmatch(digits)) and luhn_digit(digits[:-1]) == digits[-1]


def has_card(text):
    """Any run of digits, spaced or dashed ones included, that reads as a card."""
    for run in re.finditer(r"\d+(?:[ -]\d+)*", text):
        groups = re.split("[ -]", run.group())
        for i in range(len(groups)):
            for j in range(i + 1, len(groups) + 1):
                if is_card("".join(groups[i:j])):
                    return True
    return False


def has_iban(text):
    """A country of the registry, its length, and the checksum, with or without spaces."""
    for start in re.finditer(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}", text):
        rest = re.sub(r"[ \u00a0-]", "", text[start.start() :]).upper()
        spec = STRUCTURES.get(rest[:2])
        if spec:
            iban = rest[: 4 + sum(int(n) for n in re.findall(r"\d+", spec))]
            if set(iban) <= set(string.ascii_uppercase + string.digits) and int("".join(str(int(c,
                36)) for c in iban[4:] + iban[:4])) % 97 == 1:
                return True
    return False


def has_ipv4(text):
    """Four parts up to 255 that do not stand right after a product name and a slash."""
    text = PRODUCT_VERSION.sub("", text)
    return any(all(int(part) < 256 for part in m.group().split(".")) for m in IPV4.finditer(text))


def holds_secret(text):
    """The name of the kind found, or None."""
    for kind, test in [("card", has_card), ("iban", has_iban), ("ip", has_ipv4), ("ssn", SSN.search)]:
        if test(text):
            return kind
    return None
