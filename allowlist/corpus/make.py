"""Writes working.jsonl and frozen.jsonl: labelled secrets and innocent values for the scrubber.

Needs Python 3.11 and, from PyPI, faker==40.54.0. The same run makes the same bytes:

    python3 -m venv .tools/corpus && .tools/corpus/bin/pip install faker==40.54.0
    .tools/corpus/bin/python allowlist/corpus/make.py

The halves differ in seed, keys, sentences and surroundings; no value is in both.
"""

import json
import random
import re
import sys
import unicodedata
from importlib import import_module
from pathlib import Path
from types import FunctionType

sys.dont_write_bytecode = True

from faker import Faker  # noqa: E402

import figures  # noqa: E402
import ibans  # noqa: E402
import innocents  # noqa: E402
import phones  # noqa: E402
import tokens  # noqa: E402
import values  # noqa: E402
from guard import holds_secret  # noqa: E402

HERE = Path(__file__).parent
SECRETS = {"email": 300, "phone": 320, "card": 240, "iban": 260, "ssn": 210, "ip": 240, "jwt": 210, "token": 280,
    "url": 250, "secret": 240}
ALONE = 1 / 3  # share of secrets that are the whole value; kinds with sentences of their own make up for them
DRAWN_INNOCENTS = 31  # per category of KEYS
# Kinds whose secrets are written as \uXXXX: they would set off the scanners of code hosts.
ESCAPED = {"token", "jwt", "secret", "url"}
# Drawn innocents by name; the halves' KEYS choose among them.
DRAWN = {name: f for module in (figures, innocents) for name, f in vars(module).items() if isinstance(f, FunctionType)}


class Half:
    """One half: its random source, wording, fakers, and the lines written so far."""

    def __init__(self, name, taken):
        self.name, self.taken, self.lines = name, taken, []
        self.templates = import_module(f"{name}_templates")
        self.languages = import_module(f"{name}_languages")
        self.innocents = import_module(f"{name}_innocents")
        self.r = random.Random(self.templates.SEED)
        self.fakers = {}
        for i, locale in enumerate(sorted(self.languages.NONE)):
            self.fakers[locale] = Faker(locale)
            self.fakers[locale].seed_instance(self.templates.SEED + i)

    def name_of(self, locale):
        return " ".join(self.fakers[locale].name().split())

    def fill(self, template, locale="en_US"):
        """Fills every slot but ¤, each with a fresh value."""
        r = self.r
        draws = {
            "{n}": lambda: self.name_of(locale), "{d}": lambda: str(r.randint(2, 98)),
            "{D}": lambda: str(r.randint(100, 9899)), "{w}": lambda: figures.word(r),
            "{hex}": lambda: tokens.chars(r, tokens.HEX, 40),
            "{id}": lambda: tokens.chars(r, tokens.ALNUM, 32), "{tel}": lambda: str(r.randint(2 * 10**9, 6 * 10**11)),
            "{epoch}": lambda: str(r.randint(15 * 10**8, 18 * 10**8)),
        }
        return re.sub(r"\{(n|d|D|w|hex|id|tel|epoch)\}", lambda m: draws[m.group()](), template)

    def add(self, kind, key, text, secret, about):
        """Keeps a line if its value is new to both halves and its secret stands there once."""
        marks = {text.casefold()} if secret is None else {text.casefold(),
            (re.sub(r"[^0-9a-z]", "", secret.lower()) or secret)}
        if marks & self.taken or (secret is not None and text.count(secret) != 1):
            return False
        if secret is None and holds_secret(text):
            return False
        self.taken |= marks
        line = {"kind": kind, "key": key, "text": text, "about": about}
        if secret is not None:
            line = {"kind": kind, "key": key, "text": text, "secret": secret, "about": about}
        self.lines.append(line)
        return True


def place(half, kind, secret, about, key_pool, contexts, alone=ALONE):
    """Adds a secret alone or in surroundings; key_pool are the keys that suit it alone."""
    r = half.r
    if r.random() < alone:
        pool = [None] + half.templates.NEUTRAL_KEYS[:4] + key_pool * 3
        return half.add(kind, r.choice(pool), secret, secret, f"alone, {about}")
    key = r.choice([None, None] + half.templates.NEUTRAL_KEYS)
    context = r.choice(contexts)
    return half.add(kind, key, context.replace("¤", secret), secret, f"in text, {about}")


def in_sentence(half, kind, sentences, locale, secret, about):
    """Adds a secret in a sentence of the locale."""
    key = half.r.choice([None] + half.templates.NEUTRAL_KEYS)
    return half.add(kind, key, half.fill(sentences[locale], locale).replace("¤", secret), secret, f"sentence, {about}")


def contexts_of(half, *names):
    """Surroundings of kinds, with those that suit all kinds."""
    return half.templates.ANY + [c for name in names for c in half.templates.KIND[name] * 2]


def add_email(half):
    locale = half.r.choice(sorted(half.fakers))
    fake = half.fakers[locale]
    address, about = values.email(half.r, fake.first_name(), fake.last_name())
    if half.r.random() < 0.16 and address.isascii():
        context = half.r.choice(half.templates.KIND["email encoded"])
        return half.add("email", half.r.choice([None] + half.templates.KIND_KEYS["url"]),
            context.replace("¤", values.encoded_email(address)), values.encoded_email(address),
            f"percent-encoded, {about}")
    if half.r.random() < 0.38:
        return in_sentence(half, "email", half.languages.EMAIL, locale, address, f"{about}, {locale}")
    return place(half, "email", address, about, half.templates.KIND_KEYS["email"], contexts_of(half, "email"),
        alone=0.64)


def add_phone(half):
    r = half.r
    locale = r.choice(sorted(phones.PLANS))
    roll = r.random()
    if roll < 0.14:
        number, about = phones.bare(r, locale)
        return half.add("phone", r.choice(half.templates.PHONE_KEYS), number, number, about)
    if roll < 0.22:
        number, about = phones.national(r, locale, telling=True)
        return half.add("phone", r.choice(half.templates.PHONE_KEYS), number, number, f"alone, telling key, {about}")
    spelt = phones.international(r, locale) if roll < 0.66 else phones.national(r, locale, telling=False)
    if spelt is None:
        return False
    number, about = spelt
    if locale in half.languages.PHONE and r.random() < 0.45:
        return in_sentence(half, "phone", half.languages.PHONE, locale, number, about)
    return place(half, "phone", number, about, half.templates.PHONE_KEYS, contexts_of(half, "phone"), alone=0.22)


def add_card(half):
    network = half.r.choice(list(values.CARD_PLANS))
    number, spelling = values.spell_card(half.r, values.card_digits(half.r, network))
    return place(half, "card", number, f"{network}, {spelling}", half.templates.KIND_KEYS["card"],
        contexts_of(half, "card"))


def add_iban(half):
    r = half.r
    by_locale = r.random() < 0.42
    locale = r.choice(sorted(half.languages.IBAN))
    country = ibans.LOCALE_COUNTRY.get(locale) if by_locale else None
    country = country or r.choice(sorted(ibans.STRUCTURES))
    iban = ibans.draw(r, country)
    spelt, about = r.choice([(iban, f"compact, {country}"), (ibans.grouped(iban), f"groups of four, {country}")])
    if by_locale:
        return in_sentence(half, "iban", half.languages.IBAN, locale, spelt, f"{about}, {locale}")
    return place(half, "iban", spelt, about, half.templates.KIND_KEYS["iban"], contexts_of(half, "iban"), alone=0.58)


def add_ssn(half):
    return place(half, "ssn", values.ssn(half.r), "dashed", half.templates.KIND_KEYS["ssn"], contexts_of(half, "ssn"))


def add_ip(half):
    address, sort = values.ip(half.r)
    return place(half, "ip", address, sort, half.templates.KIND_KEYS["ip"], contexts_of(half, "ip", f"ip {sort[:2]}"))


def add_jwt(half):
    token, sort = values.jwt(half.r)
    return place(half, "jwt", token, sort, half.templates.KIND_KEYS["jwt"], contexts_of(half, "jwt"))


def add_token(half):
    r = half.r
    roll = r.random()
    if roll < 0.2:
        secret = tokens.opaque(r)
        context = r.choice(half.templates.KIND["bearer"])
        return half.add("token", r.choice([None] + half.templates.NEUTRAL_KEYS), context.replace("¤", secret), secret,
            "bearer, opaque")
    if roll < 0.28:
        vendor = r.choice(sorted(tokens.OTHERS))
        token, about = tokens.OTHERS[vendor](r), f"beyond the named vendors: {vendor}"
    else:
        vendor = r.choice(sorted(tokens.VENDORS))
        token, about = tokens.vendor_token(r, vendor), vendor
    return place(half, "token", token, about, half.templates.KIND_KEYS["token"], contexts_of(half, "token"), alone=0.42)


def add_url(half):
    r = half.r
    template, sort = r.choice(half.templates.URLS).split("|")
    if "userinfo" in sort or "URL" in sort:
        secret = r.choice([tokens.chars(r, tokens.ALNUM, r.randint(8, 20)),
            f"{figures.word(r)}{r.randint(100, 99999)}",
            f"{tokens.chars(r, tokens.ALNUM, 6)}%40{tokens.chars(r, tokens.ALNUM, 5)}"])
    elif "Signature" in sort:
        secret = tokens.chars(r, tokens.HEX, 64)
    elif "code" in sort:
        secret = r.choice([f"4%2F0A{tokens.chars(r, tokens.URLSAFE, 60)}",
            tokens.chars(r, tokens.ALNUM, r.randint(20, 43)), tokens.chars(r, tokens.HEX, 40)])
    else:
        secret = r.choice([tokens.chars(r, tokens.HEX, r.choice([32, 40, 64])),
            tokens.chars(r, tokens.ALNUM, r.randint(16, 48)), tokens.chars(r, tokens.URLSAFE, r.choice([22, 43])),
            f"{tokens.chars(r, tokens.ALNUM, 20)}%2B{tokens.chars(r, tokens.ALNUM, 20)}%3D"])
        if "path" in sort:
            secret = secret.replace("%2B", "").replace("%3D", "")
    url = template.replace("¤", secret)
    if r.random() < ALONE:
        return half.add("url",
            r.choice([None] + half.templates.NEUTRAL_KEYS[:3] + half.templates.KIND_KEYS["url"] * 2), url, secret,
            f"alone, {sort}")
    return half.add("url", r.choice([None] + half.templates.NEUTRAL_KEYS),
        r.choice(half.templates.KIND["url"]).replace("¤", url), secret, f"in text, {sort}")


def add_secret(half):
    r = half.r
    roll = r.random()
    if roll < 0.25:
        secret, sort = values.secret(r, plain=True)
        context = r.choice(half.templates.KIND["secret inside"])
        return half.add("secret", r.choice([None] + half.templates.NEUTRAL_KEYS), context.replace("¤", secret),
            secret, f"telling key inside the text, {sort}")
    key = r.choice(half.templates.SECRET_KEYS)
    if roll < 0.6:
        secret, sort = values.secret(r)
        return half.add("secret", key, secret, secret, f"alone, telling key, {sort}")
    secret, sort = values.secret(r)
    return half.add("secret", key, r.choice(half.templates.KIND["secret telling"]).replace("¤", secret), secret,
        f"in text, telling key, {sort}")


def repeat(count, add):
    """Calls add until it has kept so many lines."""
    tries = 0
    while count:
        count -= bool(add())
        tries += 1
        if tries > 100_000:
            raise RuntimeError("a category has too few values: lower its count or widen it")


def add_innocents(half):
    r, words = half.r, half.innocents

    def drawn(name):
        value = DRAWN[name](r)
        if value.casefold() in half.taken:
            return False
        key = r.choice([None] + words.KEYS[name])
        text = r.choice(words.WRAPS).replace("¤", value) if r.random() < 0.35 else value
        if not half.add("none", key, text, None, name.replace("_", " ")):
            return False
        half.taken.add(value.casefold())
        return True

    def written(templates, keys, about):
        return half.add("none", r.choice(keys), half.fill(r.choice(templates)), None, about)

    def pair(pairs, about):
        key, template = r.choice(pairs)
        return half.add("none", key, half.fill(template), None, about)

    def by_locale(about, value):
        locale = r.choice(sorted(half.fakers))
        return half.add("none", r.choice([None] + half.templates.NEUTRAL_KEYS), value(locale), None,
            f"{about}, {locale}")

    def sentence(locale, index):
        text = half.fill(half.languages.NONE[locale][index], locale)
        return half.add("none", r.choice([None] + half.templates.NEUTRAL_KEYS), text, None, f"sentence, {locale}")

    for name in words.KEYS:
        repeat(DRAWN_INNOCENTS, lambda: drawn(name))
    neutral = [None] + half.templates.NEUTRAL_KEYS
    for count, templates, keys, about in [
        (55, words.URLS, [None] + half.templates.KIND_KEYS["url"], "URL without a secret"),
        (45, words.TRACKED_URLS, half.templates.KIND_KEYS["url"], "URL with campaign parameters"),
        (40, words.HANDLES, neutral, "handle or hashtag"), (45, words.PRODUCTS, neutral, "product name"),
        (50, words.TALK, neutral, "talk about secrets"),
    ]:
        repeat(count, lambda: written(templates, keys, about))
    repeat(50, lambda: pair(words.TELLING, "telling key, harmless value"))
    repeat(40, lambda: pair(words.INNER, "telling word inside another word of the key"))
    repeat(50, lambda: by_locale("name", half.name_of))
    repeat(50, lambda: by_locale("address", lambda locale: half.fakers[locale].address()))
    for locale in sorted(half.fakers):
        for index in range(len(half.languages.NONE[locale])):
            repeat(1 if index else 2, lambda: sentence(locale, index))


ADDERS = {"email": add_email, "phone": add_phone, "card": add_card, "iban": add_iban, "ssn": add_ssn, "ip": add_ip,
    "jwt": add_jwt, "token": add_token, "url": add_url, "secret": add_secret}


def quoted(text, hidden=None):
    """A JSON string; the hidden part and characters that do not show are \\uXXXX."""
    start = text.index(hidden) if hidden else 0
    end = start + len(hidden) if hidden else 0
    out = ""
    for i, ch in enumerate(text):
        if start <= i < end or (ch != " " and unicodedata.category(ch) in ("Zs", "Zl", "Zp", "Cf", "Cc")):
            units = ch.encode("utf-16-be")
            out += "".join(f"\\u{units[j]:02x}{units[j + 1]:02x}" for j in range(0, len(units), 2))
        else:
            out += json.dumps(ch, ensure_ascii=False)[1:-1]
    return f'"{out}"'


def written_line(line):
    """One line of the file, fields in a fixed order."""
    hidden = line["secret"] if line["kind"] in ESCAPED else None
    fields = []
    for field, value in line.items():
        part = hidden if field in ("text", "secret") else None
        fields.append(f'"{field}": ' + ("null" if value is None else quoted(value, part)))
    return "{" + ", ".join(fields) + "}\n"


def main():
    taken = set()
    for name in ("working", "frozen"):
        half = Half(name, taken)
        for kind, count in SECRETS.items():
            repeat(count, lambda: ADDERS[kind](half))
        add_innocents(half)
        half.r.shuffle(half.lines)
        (HERE / f"{name}.jsonl").write_text("".join(map(written_line, half.lines)), encoding="utf-8")


if __name__ == "__main__":
    main()
