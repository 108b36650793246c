"""Checks both halves with libraries that had no part in making them.

    .tools/corpus/bin/pip install phonenumbers==9.0.43 python-stdnum==2.2 schwifty==2026.10.1 PyJWT==2.15.1
    .tools/corpus/bin/python allowlist/corpus/check.py

Fails at a wrong label or a broken promise of README.md; prints counts otherwise.
"""

import ipaddress
import json
import re
import sys
from collections import Counter
from email.utils import parseaddr
from importlib import import_module
from math import log2
from pathlib import Path
from urllib.parse import unquote, urlsplit

sys.dont_write_bytecode = True

import jwt as pyjwt  # noqa: E402
import phonenumbers  # noqa: E402
from schwifty import IBAN  # noqa: E402
from stdnum import luhn  # noqa: E402
from stdnum.us import ssn as us_ssn  # noqa: E402

HERE = Path(__file__).parent
HALVES = ("working", "frozen")
KINDS = ["email", "phone", "card", "iban", "ssn", "ip", "jwt", "token", "url", "secret"]
RESERVED = re.compile(
    r"""(^|[.@])(example\.(com|org|net)|[\w-]+\.(example|test|invalid)
    |.*(испытание|测试|δοκιμή|xn--80akhbyknj4f|xn--0zwm56d|xn--zckzah))$""",
    re.VERBOSE,
)
NETWORKS = re.compile(
    r"""4(\d{12}|\d{15}|\d{18})|(5[1-5]\d\d|22[2-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}
    |(6011|64[4-9]\d|65\d\d)\d{12}|3(0[0-5]|[68]\d)\d{11}|35(2[89]|[3-8]\d)\d{12}|62\d{14,17}""",
    re.VERBOSE,
)
VENDOR_TOKEN = re.compile(
    r"""\b(AKIA|ASIA)[A-Z2-7]{16}|\bgh[pousr]_|github_pat_|\bgl[a-z]{2,5}-[\w-]{20}|\bxox[bp]-|\bxapp-
    |\b[sr]k_(live|test)_|whsec_|npm_[A-Za-z0-9]{36}|\bSG\.[\w-]{22}\.|\bSK[0-9a-f]{32}|\bsk-|\bshp[a-z]{2}_
    |\bdo[opr]_v1_|HRKU-|AIza|ya29\.|GOCSPX-""",
    re.VERBOSE,
)
LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}$")
ESCAPE = re.compile(r"(\\u[0-9a-f]{4})+")
# Names of pictures look like an address to a loose test.
PICTURE = re.compile(r"@[23]x\.(png|webp)\b")
found = []


def fault(line, why):
    found.append(f"{why}: {line['kind']} {line['key']} {line['text'][:90]!r} ({line['about']})")


def check_email(line):
    address = unquote(line["secret"])
    if parseaddr(address)[1] != address or not RESERVED.search(address.split("@")[1]):
        fault(line, "not an address at a reserved domain")


def check_phone(line, tally):
    region = line["about"][-5:].split("_")[1]
    spelt = line["secret"].replace("\u2011", "-")
    number = phonenumbers.parse("+" + spelt[2:] if "00 prefix" in line["about"] else spelt, region)
    tally["phones"] += 1
    tally["phones possible"] += phonenumbers.is_possible_number(number)
    tally["phones valid or in a fictional range"] += phonenumbers.is_valid_number(number) or "555" in line["secret"]
    bare, telling = line["secret"].isdigit(), re.search("phone|tel|mobile", line["key"] or "", re.I)
    if bare != ("bare digits" in line["about"]) or (bare and not telling):
        fault(line, "bare digits need a telling key")
    if not phonenumbers.is_possible_number(number):
        fault(line, "no possible number")


def check_card(line):
    digits = re.sub(r"\D", "", line["secret"])
    if not luhn.is_valid(digits) or not NETWORKS.fullmatch(digits):
        fault(line, "no card number")


def check_jwt(line):
    if line["secret"].count(".") == 4:
        return
    try:
        pyjwt.decode(line["secret"], options={"verify_signature": False})
        pyjwt.get_unverified_header(line["secret"])
    except pyjwt.PyJWTError as error:
        fault(line, f"PyJWT: {error}")


def check_url(line):
    urls = re.findall(r"(?:[a-z][a-z0-9+]*://|/|example\.(?:com|org)/)[^\s'\"<>]*[^\s'\"<>,;.)]", line["text"])
    url = next((u for u in urls if line["secret"] in u), None)
    if url is None:
        return fault(line, "the secret is in no URL")
    host = urlsplit(url).hostname or "example.com"
    if not RESERVED.search(host):
        fault(line, f"host {host} is not reserved")


def check_secret(line, tally):
    """Shannon entropy in bits of a character, from the value's own frequencies."""
    s = line["secret"]
    entropy = -sum(c / len(s) * log2(c / len(s)) for c in Counter(s).values())
    tally["lowest entropy of a secret"] = min(tally.get("lowest entropy of a secret", 9), round(entropy, 2))
    telling = re.search("pass|pwd|secret|token|key", line["key"] or "", re.I)
    if bool(telling) == ("inside the text" in line["about"]) or len(s) < 15 or entropy < 3:
        fault(line, "key or entropy")


def other_kinds(text):
    """Kinds that independent tests see in a text; a four-part number after a product and a slash is a version."""
    text = re.sub(r"[A-Za-z]/\d+(\.\d+)+", "", PICTURE.sub("", text))
    kinds = set()
    for m in re.finditer(r"\d+(?:[ -]\d+)*", text):
        if NETWORKS.fullmatch(re.sub(r"\D", "", m.group())) and luhn.is_valid(re.sub(r"\D", "", m.group())):
            kinds.add("card")
    for m in re.finditer(r"\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]){11,30}\b", text):
        compact = m.group().replace(" ", "")
        if any(IBAN(compact[:size], allow_invalid=True).is_valid for size in range(15, len(compact) + 1)):
            kinds.add("iban")
    for m in re.finditer(r"(?<![\w.:])[0-9A-Fa-f:.]*[:.][0-9A-Fa-f:.]*(?![\w:])", text):
        try:
            ipaddress.ip_address(m.group().strip(".") if "::" not in m.group() else m.group())
            kinds.add("ip")
        except ValueError:
            pass
    if re.search(r"[^\s@=<>()\"']+@[\w-]+(\.[\w-]+)*\.[a-z]{2,}\b", text):
        kinds.add("email")
    if re.search(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)", text):
        kinds.add("ssn")
    if re.search(r"\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.", text):
        kinds.add("jwt")
    if VENDOR_TOKEN.search(text):
        kinds.add("token")
    return kinds


def check_line(line, tally):
    kind, text, secret = line["kind"], line["text"], line.get("secret")
    if kind == "none":
        seen = other_kinds(text)
        if seen or secret is not None:
            fault(line, f"innocent, but looks like {seen}")
        for m in phonenumbers.PhoneNumberMatcher(text, "US", leniency=phonenumbers.Leniency.VALID):
            tally[f"innocents that phonenumbers takes for a US or + number ({line['about'].split(',')[0]})"] += 1
        return
    if text.count(secret) != 1:
        fault(line, "the secret must stand in the text once")
    rest = other_kinds(text.replace(secret, " "))
    if rest:
        fault(line, f"a second secret: {rest}")
    {
        "email": check_email, "phone": lambda x: check_phone(x, tally), "card": check_card, "jwt": check_jwt,
        "url": check_url, "secret": lambda x: check_secret(x, tally), "ip": lambda x: ipaddress.ip_address(x["secret"]),
        "iban": lambda x: IBAN(x["secret"]).validate(), "ssn": lambda x: us_ssn.validate(x["secret"]),
        "token": lambda x: None,
    }[kind](line)


def wording(half):
    """All templates and all keys of a half, from its modules."""
    templates, keys = set(), set()
    t, w, s = (import_module(f"{half}_{part}") for part in ("templates", "innocents", "languages"))
    templates |= {*t.ANY, *w.WRAPS, *w.HANDLES, *w.PRODUCTS, *w.TALK, *w.URLS, *w.TRACKED_URLS, *(u for u in t.URLS)}
    for group in (*t.KIND.values(), *s.NONE.values()):
        templates |= set(group)
    for group in (s.EMAIL, s.PHONE, s.IBAN):
        templates |= set(group.values())
    keys |= {*t.NEUTRAL_KEYS, *t.PHONE_KEYS, *t.SECRET_KEYS, *(k for k, _ in w.TELLING + w.INNER)}
    for group in (*t.KIND_KEYS.values(), *w.KEYS.values()):
        keys |= set(group)
    return templates, keys


def main():
    halves = {}
    for half in HALVES:
        raw = (HERE / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()
        halves[half] = [json.loads(row) for row in raw]
        for row, line in zip(raw, halves[half], strict=True):
            if line["kind"] in ("token", "jwt", "secret", "url"):
                written = re.search(r'"secret": "([^"]*)"', row).group(1)
                if not ESCAPE.fullmatch(written) or row.count(written) != 2:
                    fault(line, "the secret is not escaped throughout")
        tally = Counter()
        for line in halves[half]:
            check_line(line, tally)
        counts = Counter(line["kind"] for line in halves[half])
        locales = {}
        for kind in ("email", "phone", "none"):
            abouts = [line["about"] for line in halves[half] if line["kind"] == kind]
            locales[kind] = len({m.group() for about in abouts if (m := LOCALE.search(about))})
        locales["iban countries"] = len({line["secret"][:2] for line in halves[half] if line["kind"] == "iban"})
        print(half, len(halves[half]), "lines;", ", ".join(f"{k} {counts[k]}" for k in [*KINDS, "none"]))
        print("  locales", locales)
        secret_lines = [line for line in halves[half] if line["kind"] != "none"]
        alone = Counter(x["kind"] for x in secret_lines if x["text"] == x["secret"] or x["about"].startswith("alone"))
        print("  alone:", ", ".join(f"{k} {alone[k] / counts[k]:.0%}" for k in KINDS),
            f"; all {sum(alone.values()) / (len(halves[half]) - counts['none']):.0%}")
        for name in sorted(tally):
            print("  ", name, tally[name])
        if counts["none"] < 1700 or any(counts[k] < 200 for k in KINDS):
            found.append(f"{half}: too few lines")
    texts = [line["text"] for half in HALVES for line in halves[half]]
    secrets = [line["secret"] for half in HALVES for line in halves[half] if "secret" in line]
    if len(set(texts)) != len(texts) or len(set(secrets)) != len(secrets):
        found.append("a value occurs twice")
    for what, a, b in zip(("templates", "keys"), wording("working"), wording("frozen"), strict=True):
        if a & b:
            found.append(f"both halves share {what}: {sorted(a & b)}")
    used = [{line["key"] for line in halves[half]} - {None} for half in HALVES]
    if used[0] & used[1]:
        found.append(f"both halves use the keys {used[0] & used[1]}")
    print(*found[:60], sep="\n")
    print(f"{len(found)} faults")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
