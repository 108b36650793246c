"""Values of the other secret kinds: emails, cards, social security numbers, IP addresses, JWTs, secrets."""

import base64
import hashlib
import hmac
import json
import re
import unicodedata
from urllib.parse import quote

from tokens import ALNUM, DIGITS, HEX, LOWER, UPPER, URLSAFE, chars

# Reserved names: RFC 2606, RFC 6761, and IANA's test domains in other scripts.
HOSTS = ["example.com", "example.org", "example.net", "mail.example.com", "eu.example.org", "alumni.uni.example",
    "shop.example.net"]
NAMES = ["firma", "kaupa", "tienda", "stadt-werke", "b2b", "klinik", "cafe24"]
TLDS = ["example", "test", "invalid"]
IDN_HOSTS = ["xn--e1afmkfd.xn--80akhbyknj4f", "xn--fsqu00a.xn--0zwm56d", "xn--r8jz45g.xn--zckzah", "пример.испытание",
    "例子.测试", "παράδειγμα.δοκιμή"]


def ascii_name(text):
    """A name's letters a to z, or nothing for other scripts."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    return re.sub("[^a-z]", "", plain.lower())


def email(r, first, last):
    """An address at a reserved domain, and what is notable about it."""
    a, b = ascii_name(first), ascii_name(last)
    if len(a) < 2:
        a = r.choice(["ada", "mika", "noor", "kiran", "sasha", "yuki", "minh", "omar"])
    if len(b) < 2:
        b = r.choice(["tanaka", "petrov", "haddad", "nguyen", "sharma", "kim", "wang", "levi"])
    n = r.randint(1, 9999)
    local, about = r.choice([
        (f"{a}.{b}", "first.last"), (f"{a}.{b}{n}", "with digits"), (f"{a[0]}{b}{n}", "initial and last"),
        (f"{a}_{b}", "underscore"),
        (f"{a}-{b}{n % 100}", "hyphen"), (f"{a}+{r.choice(['news', 'shop', 'test'])}{n}", "plus tag"),
        (f"{a[0]}.{b[0]}.{n}", "initials"),
        (f"{n}{a}", "leading digits"), (f"o'{b}{n}", "apostrophe"),
        (f"{a}.{b}.{r.choice(['jr', 'md', 'phd'])}", "three parts"),
        (f"{a.title()}.{b.title()}{n % 90}", "capitals"), (f"{b}{a[0]}".upper() + str(n % 70), "upper case"),
        (chars(r, DIGITS, r.randint(7, 10)), "digits only"),
        (f"{a}{n}", "name and digits"),
    ])
    roll = r.random()
    if roll < 0.5:
        host = r.choice(HOSTS)
    elif roll < 0.94:
        name = b if r.random() < 0.5 else r.choice(NAMES)
        host = f"{r.choice(['', '', 'mail.', 'x1.'])}{name}.{r.choice(TLDS)}"
    else:
        host, about = r.choice(IDN_HOSTS), f"{about}, domain of another script"
    return f"{local}@{host}", about


def encoded_email(address):
    """Percent-encoded as in a query; ASCII addresses only."""
    return quote(address, safe="")


# Issuer ranges: https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN)
CARD_PLANS = {
    "Visa": (["4"], [16, 16, 16, 13, 19]),
    "Mastercard": ([str(n) for n in range(51, 56)] + [str(n) for n in range(2221, 2721, 7)], [16]),
    "American Express": (["34", "37"], [15]), "Discover": (["6011", "644", "649", "65"], [16]),
    "Diners Club": (["300", "305", "36", "38"], [14]),
    "JCB": ([str(n) for n in range(3528, 3590, 3)], [16]), "UnionPay": (["6221", "6240", "6258", "6282"], [16, 19]),
}


def luhn_digit(body):
    """The digit that makes body pass the Luhn check."""
    total = 0
    for i, ch in enumerate(reversed(body)):
        d = int(ch) * (1 if i % 2 else 2)
        total += d - 9 if d > 9 else d
    return str(-total % 10)


def card_digits(r, network):
    """A number with a network's prefix and length and a right check digit."""
    prefixes, lengths = CARD_PLANS[network]
    prefix, length = r.choice(prefixes), r.choice(lengths)
    body = prefix + "".join(r.choice(DIGITS) for _ in range(length - 1 - len(prefix)))
    return body + luhn_digit(body)


def card_groups(digits):
    """The digits as embossed: 4-6-5 for 15, 4-6-4 for 14, else fours."""
    if len(digits) in (14, 15):
        return [digits[:4], digits[4:10], digits[10:]]
    return [digits[i : i + 4] for i in range(0, len(digits), 4)]


def spell_card(r, digits):
    """Plain, spaced or dashed."""
    sep, name = r.choice([("", "plain"), (" ", "spaced"), (" ", "spaced"), ("-", "dashed")])
    return sep.join(card_groups(digits)), name


def ssn(r):
    """AAA-GG-SSSS with parts that may be issued: https://www.ssa.gov/employer/randomization.html"""
    area = r.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03}-{r.randint(1, 99):02}-{r.randint(1, 9999):04}"


PUBLIC = [5, 31, 46, 62, 78, 81, 91, 103, 142, 151, 176, 185, 194, 212]  # first parts, allocated to providers
DOCUMENTATION = ["192.0.2", "198.51.100", "203.0.113"]  # RFC 5737


def ip(r):
    """An address and its sort; documentation ranges, ordinary public ones and private ones."""

    def h():
        return f"{r.randint(1, 0xFFFF):x}"

    def four():
        return f"{r.randrange(65536):04x}"

    def o():
        return r.randint(1, 254)

    sort = r.choice(["v4 documentation"] * 3 + ["v4 public"] * 5 + ["v4 private"] * 4 + ["v6 documentation",
        "v6 documentation full", "v6 public compressed", "v6 public full",
                    "v6 link-local", "v6 unique local", "v6 mapped", "v6 mapped hex", "v6 upper case", "v6 translated"])
    text = {
        "v4 documentation": lambda: f"{r.choice(DOCUMENTATION)}.{o()}",
        "v4 public": lambda: f"{r.choice(PUBLIC)}.{r.randint(32, 250)}.{o()}.{o()}",
        "v4 private": lambda: r.choice([f"10.{o()}.{o()}.{o()}", f"192.168.{r.randint(0, 254)}.{o()}",
        f"172.{r.randint(16, 31)}.{o()}.{o()}"]),
        "v6 documentation": lambda: f"2001:db8:{h()}::{h()}",
        "v6 documentation full": lambda: f"2001:0db8:{four()}:0000:0000:{four()}:{four()}:{four()}",
        "v6 public compressed": lambda: f"{r.choice(['2a02', '2600', '2a00', '2400'])}:{h()}:{h()}::{h()}",
        "v6 public full": lambda: f"{r.choice(['2a02', '2600', '2a00', '2400'])}:" + ":".join(h() for _ in range(7)),
        "v6 link-local": lambda: f"fe80::{h()}:{h()}:{h()}:{h()}" if r.random() < 0.5 else f"fe80::{h()}",
        "v6 unique local": lambda: f"fd{r.randint(16, 255):02x}:{h()}:{h()}::{h()}",
        "v6 mapped": lambda: f"::ffff:{r.choice(DOCUMENTATION)}.{o()}",
        "v6 mapped hex": lambda: f"::ffff:{h()}:{h()}",
        "v6 upper case": lambda: f"2001:DB8:{h()}:{h()}::{h()}".upper(),
        "v6 translated": lambda: f"64:ff9b::{r.choice(DOCUMENTATION)}.{o()}",
    }[sort]
    return text(), sort


def b64url(data):
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(r):
    """A compact JWT with random keys and its sort (RFC 7519); claims hold no personal data."""

    def part(value):
        return b64url(json.dumps(value, separators=(",", ":")).encode())

    alg = r.choice(["HS256"] * 8 + ["ES256"] * 3 + ["EdDSA", "HS512", "RS256", "JWE"])
    if alg == "JWE":
        head = part({"alg": "dir", "enc": "A256GCM"})
        iv, sealed, tag = b64url(r.randbytes(12)), b64url(r.randbytes(r.randint(40, 90))), b64url(r.randbytes(16))
        return f"{head}..{iv}.{sealed}.{tag}", "JWE, five parts"
    head = r.choice([{"alg": alg, "typ": "JWT"}, {"typ": "JWT", "alg": alg},
        {"alg": alg, "kid": chars(r, HEX, 8), "typ": "JWT"}, {"alg": alg, "typ": "at+jwt"}, {"alg": alg}])
    iat = r.randint(1_600_000_000, 1_750_000_000)
    claims = {"sub": r.choice([str(r.randint(1000, 99999)), chars(r, ALNUM, 12)]), "iat": iat}
    for claim, value in [("iss", "https://id.example.com/"), ("exp", iat + 3600), ("aud", "web"),
        ("scope", "read write"), ("jti", chars(r, HEX, 16)), ("admin", True)]:
        if r.random() < 0.5:
            claims[claim] = value
    signed = f"{part(head)}.{part(claims)}"
    if alg.startswith("HS"):
        signature = hmac.new(r.randbytes(32), signed.encode(),
            hashlib.sha256 if alg == "HS256" else hashlib.sha512).digest()
    else:
        signature = r.randbytes({"ES256": 64, "EdDSA": 64, "RS256": 256}[alg])
    return f"{signed}.{b64url(signature)}", alg


def secret(r, plain=False):
    """A random secret without a known prefix; plain ones need no escaping in URLs, JSON or logs."""
    styles = [
        (lambda: chars(r, HEX, r.choice([32, 40, 48, 64])), "hex"),
            (lambda: chars(r, ALNUM, r.randint(24, 48)), "letters and digits"),
        (lambda: chars(r, URLSAFE, r.choice([32, 43, 64])), "base64url"),
    ]
    if not plain:
        styles += [
            (lambda: base64.b64encode(r.randbytes(r.choice([16, 24, 32, 48]))).decode(), "base64"),
                (lambda: chars(r, ALNUM + "/+", 40), "40 of base64"),
            (lambda: chars(r, LOWER + DIGITS + "!@#$%^&*(-_=+)", 50), "50 with symbols"),
                (lambda: password(r), "generated password"),
            (lambda: password(r), "generated password"),
        ]
    draw, about = r.choice(styles)
    return draw(), about


def password(r):
    """16 to 24 characters of all four classes, as a password manager makes them."""
    symbols = "!#$%*+-=?@^_~"
    body = [r.choice(LOWER), r.choice(UPPER), r.choice(DIGITS),
        r.choice(symbols)] + [r.choice(ALNUM + symbols) for _ in range(r.randint(11, 19))]
    r.shuffle(body)
    return "".join(body) + r.choice(ALNUM)
