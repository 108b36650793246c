"""Innocent values that are names of things: identifiers, versions, files, code.

Each function takes the random source and gives one value. Wording and keys belong to the halves.
"""

import base64
import json

from figures import cap, d, n, word
from tokens import ALNUM, DIGITS, HEX, LOWER, UPPER, URLSAFE, chars, uuid


def order(r):
    return r.choice([
        f"ORD-{d(r, 6)}", f"#{n(r, 10000, 99999)}", f"SO-{n(r, 2019, 2025)}-{d(r, 6)}",
        f"11{n(r, 1, 4)}-{d(r, 7)}-{d(r, 7)}", f"W{d(r, 9)}", f"PO 45{d(r, 8)}", f"R-{d(r, 8)}",
        f"{n(r, 10**9, 10**10 - 1)}",
        f"{n(r, 2020, 2025)}/{n(r, 1, 12):02}/{d(r, 5)}", f"{n(r, 10, 27)}-{d(r, 5)}-{d(r, 5)}",
        f"EC{d(r, 7)}{cap(r, 2)}", f"B2C.{d(r, 7)}.{n(r, 1, 9)}",
    ])


def invoice(r):
    return r.choice([f"INV-{n(r, 2019, 2025)}-{d(r, 4)}", f"RE{d(r, 8)}", f"{n(r, 2019, 2025)}-{d(r, 5)}",
        f"FA/{d(r, 4)}/{n(r, 1, 12)}/{n(r, 2020, 2025)}", f"No. {d(r, 7)}", f"{cap(r, 3)}-{d(r, 5)}-{n(r, 1, 9)}",
        f"00{d(r, 8)}"])


def identifier(r):
    crock = DIGITS + "ABCDEFGHJKMNPQRSTVWXYZ"
    hexes = chars(r, HEX, 12)
    u = uuid(r)
    return r.choice([
        u, u, u.upper(), f"{{{u}}}", f"urn:uuid:{u}", u.replace("-", ""),
        f"018{chars(r, HEX, 5)}-{hexes[:4]}-7{hexes[4:7]}-a{hexes[7:10]}-{chars(r, HEX, 12)}",
        f"01{chars(r, crock, 24)}", f"01H{chars(r, crock, 23)}",
    ])


def short_id(r):
    return r.choice([
        chars(r, URLSAFE, 21), chars(r, ALNUM, 27), f"c{chars(r, LOWER + DIGITS, 24)}", f"65{chars(r, HEX, 22)}",
        f"evt_{chars(r, ALNUM, 24)}", f"cus_{chars(r, ALNUM, 14)}", f"pi_3{chars(r, ALNUM, 23)}",
        f"-N{chars(r, URLSAFE, 18)}",
        chars(r, URLSAFE, 11), f"usr_{chars(r, LOWER + DIGITS, 16)}", f"req-{chars(r, HEX, 16)}",
        f"{chars(r, HEX, 32)}-{chars(r, HEX, 16)}", f"sess.{chars(r, DIGITS, 6)}.page",
    ])


def digest(r):
    return r.choice([
        chars(r, HEX, 40), chars(r, HEX, 64), chars(r, HEX, 32), chars(r, HEX, 7), chars(r, HEX, 128),
        "sha256:" + chars(r, HEX, 64), "sha384-" + base64.b64encode(r.randbytes(48)).decode(),
        f'W/"{chars(r, HEX, 32)}"',
        f"main@{chars(r, HEX, 7)}", f"{chars(r, HEX, 7)}..{chars(r, HEX, 7)}", chars(r, HEX, 8),
        ":".join(chars(r, "0123456789ABCDEF", 2) for _ in range(20)),
    ])


def version(r):
    return r.choice([
        f"{n(r, 0, 30)}.{n(r, 0, 40)}.{n(r, 0, 99)}", f"v{n(r, 0, 30)}.{n(r, 0, 40)}.{n(r, 0, 99)}-rc.{n(r, 1, 9)}",
        f"{n(r, 1, 9)}.{n(r, 0, 9)}.{n(r, 0, 99)}+build.{d(r, 4)}", f"10.0.{n(r, 10240, 26100)}.{n(r, 300, 4999)}",
        f"{n(r, 90, 140)}.0.{n(r, 4000, 7100)}.{n(r, 10, 240)}", f"Chrome/{n(r, 90, 140)}.0.0.0",
        f"Edg/{n(r, 90, 140)}.0.{n(r, 500, 3000)}.{n(r, 10, 99)}",
        f"app/{n(r, 1, 9)}.{n(r, 0, 20)}.{n(r, 0, 20)}.{n(r, 0, 20)}",
        f"^{n(r, 1, 20)}.{n(r, 0, 20)}.{n(r, 0, 9)}", f">={n(r, 1, 20)}.{n(r, 0, 9)} <{n(r, 21, 30)}",
        f"iOS {n(r, 12, 18)}.{n(r, 0, 7)}.{n(r, 1, 3)}", f"{n(r, 20, 25)}.{n(r, 4, 10):02}.{n(r, 0, 9)} LTS",
        f"node@{n(r, 12, 24)}.{n(r, 0, 20)}.{n(r, 0, 9)}",
        f"{n(r, 1, 9)}.{n(r, 0, 99)}.{n(r, 0, 9)}.{n(r, 0, 9)}.{n(r, 0, 99)}", f"({n(r, 10, 90)}A{n(r, 100, 999)}e)",
        f"OPR/{n(r, 60, 120)}.0.0.0", f"React Native 0.{n(r, 60, 79)}.{n(r, 0, 9)}",
    ])


def user_agent(r):
    v, b, android = n(r, 90, 140), n(r, 4000, 7100), n(r, 9, 15)
    webkit = "AppleWebKit/537.36 (KHTML, like Gecko)"
    chrome = f"{webkit} Chrome/{v}.0.0.0"
    mac, windows = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
    iphone = f"Mozilla/5.0 (iPhone; CPU iPhone OS {n(r, 13, 17)}_{n(r, 0, 6)} like Mac OS X)"
    return r.choice([
        f"{windows} {chrome} Safari/537.36", f"{mac} {webkit} Chrome/{v}.0.{b}.{n(r, 10, 240)} Safari/537.36",
        f"{iphone} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{n(r, 13, 17)}.1 Mobile/15E148 Safari/604.1",
        f"Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
        f"Mozilla/5.0 (Linux; Android {android}; SM-G{n(r, 900, 999)}B) {webkit} SamsungBrowser/{n(r, 10, 27)}.0 "
        f"Chrome/{v}.0.0.0 Mobile Safari/537.36",
        f"Mozilla/5.0 (Windows NT 10.0) {chrome} Safari/537.36 Edg/{v}.0.{n(r, 500, 3000)}.{n(r, 10, 99)}",
        f"Mozilla/5.0 (compatible; Googlebot/2.{n(r, 1, 9)}; +http://www.google.com/bot.html)",
        f"curl/8.{n(r, 0, 12)}.{n(r, 0, 3)}", f"okhttp/4.{n(r, 0, 12)}.{n(r, 0, 3)}",
        f"Dalvik/2.1.0 (Linux; U; Android {android}; Pixel {n(r, 3, 9)} Build/TQ{n(r, 1, 3)}A.{n(r, 220, 240)}{d(r, 3)}.012)",
        f"Instagram {n(r, 200, 350)}.0.0.{n(r, 10, 60)}.{n(r, 50, 120)} Android (33/13; 420dpi; 1080x2176; Google; "
        f"Pixel {n(r, 3, 9)}; en_US; {d(r, 9)})",
        f"{windows} {chrome} Safari/537.36 OPR/{n(r, 76, 120)}.0.0.0",
        f"MyShop/{n(r, 1, 9)}.{n(r, 0, 20)}.{n(r, 0, 9)} CFNetwork/{n(r, 1300, 1500)}.0.1 Darwin/23.{n(r, 0, 6)}.0",
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {chrome} Safari/537.36",
        f"python-requests/2.{n(r, 20, 32)}.{n(r, 0, 5)}",
    ])


def isbn(r):
    body = r.choice(["978", "979"]) + d(r, 9)
    c13 = str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body)) % 10)
    nine = d(r, 9)
    c10 = "0123456789X"[-sum(int(c) * (10 - i) for i, c in enumerate(nine)) % 11]
    return r.choice([
        body + c13, f"{body[:3]}-{body[3]}-{body[4:6]}-{body[6:]}-{c13}",
        f"ISBN {body[:3]}-{body[3]}-{body[4:8]}-{body[8:]}-{c13}", f"{nine[0]}-{nine[1:4]}-{nine[4:]}-{c10}",
        f"ISBN-10: {nine}{c10}", f"{body[:3]} {body[3]} {body[4:8]} {body[8:]} {c13}",
        f"ISSN {d(r, 4)}-{d(r, 3)}X",
    ])


def gtin(r):
    body = d(r, r.choice([7, 11, 12, 12, 12, 13]))
    check = str(-sum(int(c) * (1 if i % 2 else 3) for i, c in enumerate(reversed(body))) % 10)
    return r.choice([body + check, body + check, f"EAN {body}{check}", f"GTIN: {body}{check}",
        f"(01){body}{check}" if len(body) == 13 else f"UPC {body}{check}"])


def sku(r):
    return r.choice([
        f"{cap(r, 3)}-{d(r, 4)}-{r.choice(['BLK', 'RED', 'XL', 'M'])}", f"{cap(r, 2)}{d(r, 6)}",
        f"{d(r, 3)}.{d(r, 3)}.{d(r, 2)}", f"{word(r)}-{n(r, 10, 99)}-{cap(r, 1)}", f"B0{chars(r, UPPER + DIGITS, 8)}",
        f"MPN {cap(r, 2)}-{d(r, 3)}/{d(r, 2)}",
        f"{d(r, 5)}-{cap(r, 2)}{d(r, 2)}", f"P/N {d(r, 2)}-{d(r, 5)}-{d(r, 2)}{cap(r, 1)}",
        f"{cap(r, 1)}{d(r, 3)}{cap(r, 1)}{d(r, 2)}{cap(r, 2)}/{cap(r, 1)}",
    ])


def tracking(r):
    serial = d(r, 8)
    check = 11 - sum(int(c) * w for c, w in zip(serial, [8, 6, 4, 2, 3, 5, 9, 7])) % 11
    usps = f"94{d(r, 20)}"
    return r.choice([
        f"1Z{chars(r, DIGITS + UPPER, 6)}{d(r, 10)}", usps, " ".join([usps[i : i + 4] for i in range(0, 22, 4)]),
        d(r, 12), f"JJD00{d(r, 16)}",
        r.choice(["RR", "CP", "LX"]) + serial + str({10: 0, 11: 5}.get(check, check)) + r.choice(["DE", "CN", "GB", "US"]),
        f"TBA{d(r, 12)}", f"0034{d(r, 16)}", f"H{d(r, 19)}", f"{d(r, 14)}", f"C{d(r, 8)}{cap(r, 3)}", f"96{d(r, 18)}",
        f"SF{d(r, 13)}", f"YT{d(r, 16)}",
    ])


def flight(r):
    return r.choice([
        f"{cap(r, 2)} {n(r, 100, 9999)}", f"{cap(r, 2)}{n(r, 100, 9999)} {cap(r, 3)}-{cap(r, 3)}",
        f"gate {cap(r, 1)}{n(r, 1, 60)}, seat {n(r, 1, 45)}{r.choice('ABCDEF')}", f"ICE {n(r, 100, 1999)}",
        f"TGV {n(r, 6000, 8999)}, voiture {n(r, 1, 18)}, place {n(r, 11, 99)}",
        f"PNR {chars(r, UPPER + DIGITS, 6)}", f"{cap(r, 3)} → {cap(r, 3)} {n(r, 0, 23):02}:{n(r, 0, 59):02}",
        f"RE{n(r, 1, 60)} Gleis {n(r, 1, 24)}", f"Shinkansen Nozomi {n(r, 1, 250)}",
    ])


def colour(r):
    h = chars(r, HEX, 6)
    return r.choice([
        f"#{h}", f"#{h[:3]}", f"#{h}80", f"rgb({n(r, 0, 255)}, {n(r, 0, 255)}, {n(r, 0, 255)})",
        f"rgba({n(r, 0, 255)},{n(r, 0, 255)},{n(r, 0, 255)},.{n(r, 1, 9)})",
        f"hsl({n(r, 0, 360)}deg {n(r, 0, 100)}% {n(r, 0, 100)}%)", f"0x{h.upper()}",
        f"oklch({n(r, 1, 99)}% 0.{d(r, 2)} {n(r, 0, 360)})", f"RAL {n(r, 1000, 9023)}",
        f"Pantone {n(r, 100, 7999)} C", f"color:#{h};margin:{n(r, 0, 64)}px {n(r, 0, 64)}px",
        f"clamp(1rem, {n(r, 1, 9)}vw + .5rem, {n(r, 2, 9)}rem)", f".btn-{word(r)}::after{{top:-{n(r, 1, 9)}px}}",
        f"linear-gradient({n(r, 0, 360)}deg, #{h} {n(r, 0, 40)}%, #fff)",
        f"M{n(r, 0, 99)} {n(r, 0, 99)}L{n(r, 0, 99)} {n(r, 0, 99)}h-{n(r, 1, 9)}.{d(r, 2)}z",
    ])


def path(r):
    w, x = word(r), word(r)
    return r.choice([
        f"/usr/share/{w}/{x}-{n(r, 1, 9)}.{n(r, 0, 9)}.so", f"C:\\Program Files\\{w.title()}\\{x}{n(r, 1, 99)}.dll",
        f"{w}_{x}@2x.png", f"icon-{w}@3x.webp",
        f"IMG_{n(r, 2015, 2025)}{n(r, 1, 12):02}{n(r, 1, 28):02}_{d(r, 6)}.jpg", f"{w}.{chars(r, HEX, 8)}.js",
        f"~/src/{w}/main.rs:{n(r, 1, 900)}:{n(r, 1, 80)}",
        f"report_{n(r, 2015, 2025)}-Q{n(r, 1, 4)} (final {n(r, 2, 9)}).xlsx",
        f"s3://{w}-bucket/{n(r, 2015, 2025)}/{n(r, 1, 12):02}/part-{d(r, 5)}.parquet", f"DSC{d(r, 5)}.NEF",
        f"/var/log/{w}.log.{n(r, 1, 9)}.gz", f"node_modules/@{w}/{x}/dist/index.mjs", f"./{w}/{x}.test.ts",
        f"\\\\files\\{w}\\{x}.docx",
        f"{w}-{chars(r, HEX, 16)}.woff2", f"VID-{n(r, 2015, 2025)}{n(r, 1, 12):02}{n(r, 1, 28):02}-WA{d(r, 4)}.mp4",
        f"at {w} (webpack:///./src/{x}.ts?{chars(r, HEX, 4)}:{n(r, 1, 900)}:{n(r, 1, 80)})",
    ])


def hostname(r):
    w = word(r)
    return r.choice([f"web-{n(r, 1, 99):02}.eu-central.example.net", f"localhost:{n(r, 3000, 9999)}",
        f"{w}.fra{n(r, 1, 9)}.example.com", f"{w}.example.org:{n(r, 3000, 9999)}",
        f"{w}-{chars(r, LOWER + DIGITS, 10)}-{chars(r, LOWER + DIGITS, 5)}", f"cdn{n(r, 1, 40)}.{w}.example",
        f"{w}.internal", f"_dmarc.{w}.example.com", f"db-{w}-{n(r, 1, 9)}.svc.cluster.local", f"*.{w}.example.net"])


def base64_image(r):
    png, jpg = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF"

    def b(head, size):
        return base64.b64encode(head + r.randbytes(size)).decode()

    return r.choice([
        lambda: "data:image/png;base64," + b(png, n(r, 30, 120)),
            lambda: "data:image/jpeg;base64," + b(jpg, n(r, 30, 120)),
                lambda: "data:image/gif;base64," + b(b"GIF89a", 36), lambda: b(png, 60),
                    lambda: "url(data:font/woff2;base64," + b(b"wOF2\0\1\0\0", 60) + ")",
        lambda: '<img src="data:image/webp;base64,' + b(b"RIFF", 50) + '">',
            lambda: "data:image/svg+xml;base64," + b(b"<svg xmlns=", 30),
    ])()


def json_snippet(r):
    w = word(r)
    return json.dumps(r.choice([
        {"id": n(r, 1, 99999), "qty": n(r, 1, 9), "price": n(r, 1, 999) + 0.5},
        {"event": f"{w}_click", "x": n(r, 0, 2000), "y": n(r, 0, 2000), "t": n(r, 10**12, 2 * 10**12)},
        {"items": [n(r, 1, 99) for _ in range(4)], "total": f"{n(r, 1, 99)}.{d(r, 2)}"},
        {"user": {"name": "Ada", "level": n(r, 1, 60)}, "guild": w},
        {"ok": True, "ms": n(r, 1, 900), "sha": chars(r, HEX, 40)},
        {"variant": f"B{n(r, 1, 9)}", "weights": [0.25, 0.75], "seed": n(r, 1, 10**9)},
        [w, n(r, 1, 99), None, {"tz": "Europe/Berlin"}],
        {"error": {"code": f"E{d(r, 4)}", "retry_after": n(r, 1, 120)}},
        {"viewport": [n(r, 320, 2000), n(r, 320, 2000)], "dpr": 2, "tokens": n(r, 10, 9000)},
    ]), separators=r.choice([(",", ":"), (", ", ": ")]))


def analytics_id(r):
    t = n(r, 1_500_000_000, 1_800_000_000)
    return r.choice([
        f"Cj0KCQ{chars(r, URLSAFE, 60)}_wcB", f"EAIaIQobChMI{chars(r, URLSAFE, 44)}_D_BwE",
        f"IwAR{r.randint(0, 3)}{chars(r, URLSAFE, 56)}", f"fb.1.{t}{d(r, 3)}.{n(r, 10**8, 2 * 10**9)}",
        f"GA1.2.{n(r, 10**8, 2 * 10**9)}.{t}", f"fb.1.{t}{d(r, 3)}.IwAR{chars(r, URLSAFE, 56)}",
        f"{chars(r, HEX, 32)}", f"GTM-{chars(r, UPPER + DIGITS, 7)}", f"G-{chars(r, UPPER + DIGITS, 10)}",
        f"UA-{d(r, 8)}-{n(r, 1, 9)}", f"{n(r, 10**8, 2 * 10**9)}.{t}", f"ttclid.{chars(r, ALNUM, 40)}",
        f"exp_{word(r)}_{n(r, 2020, 2025)}_v{n(r, 1, 9)}",
    ])


def catalogue_number(r):
    return r.choice([
        f"10.{d(r, 4)}/s{d(r, 5)}-{n(r, 10, 24):03}-{d(r, 5)}-{n(r, 1, 9)}",
        f"arXiv:{n(r, 10, 24)}{n(r, 1, 12):02}.{d(r, 5)}v{n(r, 1, 4)}",
        f"CAS {n(r, 50, 9999)}-{d(r, 2)}-{n(r, 0, 9)}", f"US {n(r, 5, 11)},{d(r, 3)},{d(r, 3)} B2",
        f"RFC {n(r, 100, 9700)}", f"PMID: {d(r, 8)}", f"CVE-{n(r, 2005, 2025)}-{d(r, 5)}",
        f"ISO {n(r, 1000, 29999)}-{n(r, 1, 9)}:{n(r, 1990, 2024)}", f"1.3.6.1.4.1.{n(r, 300, 60000)}.{n(r, 1, 30)}",
        f"DIN EN {n(r, 100, 62000)}", f"ISRC {cap(r, 2)}-{cap(r, 3)}-{n(r, 10, 24)}-{d(r, 5)}",
        f"BWV {n(r, 1, 1080)}", f"§ {n(r, 1, 2300)} Abs. {n(r, 1, 9)}", f"NCT0{d(r, 7)}", f"E{n(r, 100, 999)}a",
    ])


def code(r):
    w, x = word(r), word(r)
    return r.choice([
        f"std::{w}::{x}::new()", f"SELECT {w}, COUNT(*) FROM {x} WHERE id > {n(r, 1, 9999)} LIMIT {n(r, 1, 100)}",
        f"if ({w} >= {n(r, 1, 99)} && !{x}) return {n(r, 0, 9)};", f"{w.title()}::{x.title()}#call",
        f"TypeError: {w} is not a function (line {n(r, 1, 900)}:{n(r, 1, 80)})",
        f"#[derive(Clone)] struct {w.title()}({x.title()});", f"a::before{{content:'{n(r, 1, 99)}'}}",
        f"docker run -p {n(r, 3000, 9999)}:80 {w}:{n(r, 1, 20)}.{n(r, 0, 9)}",
        f"git checkout {chars(r, HEX, 10)} -- {w}.rs",
        f"npm i {w}@{n(r, 1, 20)}.{n(r, 0, 20)}.{n(r, 0, 9)} @{x}/core@^{n(r, 1, 9)}.0.0",
        f"({n(r, 2, 9)} + {n(r, 2, 9)}) * {n(r, 10, 99)} / {n(r, 2, 9)}", f"ERR_{w.upper()}_{n(r, 100, 599)}",
        f"0x{chars(r, HEX, 8)}", f"^[a-z]{{{n(r, 1, 3)},{n(r, 4, 9)}}}\\d+$",
        f"data-{w}=\"{n(r, 1, 99)}\" aria-label=\"{x}\"", f"chmod 0{n(r, 6, 7)}{n(r, 4, 7)}{n(r, 0, 5)} {w}.sh",
        f"cron: {n(r, 0, 59)} {n(r, 0, 23)} * * {n(r, 1, 5)}",
    ])


def log_line(r):
    w = word(r)
    t = f"{n(r, 0, 23):02}:{n(r, 0, 59):02}:{n(r, 0, 59):02}"
    return r.choice([
        f"[{t}] INFO {w} started in {n(r, 1, 900)}ms",
        f"{n(r, 2015, 2025)}-05-06T{t}Z level=warn msg=\"slow query\" ms={n(r, 100, 9000)} rows={n(r, 1, 999)}",
        f"GET /{w}/{n(r, 1, 9999)} 200 {n(r, 1, 99)}ms",
        f"panic at src/{w}.rs:{n(r, 1, 900)}:{n(r, 1, 80)}: index {n(r, 10, 99)}",
        f"worker[{n(r, 100, 99999)}]: exit code {n(r, 0, 255)}",
        f"HTTP/1.1 {n(r, 200, 599)} {w}", f"Uncaught ({w}) ReferenceError at {n(r, 1, 900)}:{n(r, 1, 80)}",
        f"gc {n(r, 1, 99)} @{n(r, 1, 99)}.{d(r, 3)}s {n(r, 0, 9)}%: {n(r, 1, 99)}->{n(r, 1, 99)} MB",
        f"trace_id={chars(r, HEX, 32)} span_id={chars(r, HEX, 16)} {w} ok",
        f"cache-control: public, max-age={n(r, 60, 31536000)}",
    ])
