"""Innocent values that are mostly figures: prices, dates, measures, and look-alikes of secrets.

Each function takes the random source and gives one value. Wording and keys belong to the halves.
"""

import json

import ibans
from tokens import DIGITS, UPPER, chars
from values import CARD_PLANS, card_digits, card_groups, luhn_digit

NNBSP, NBSP = "\u202f", "\u00a0"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
WORDS = ["wool", "lamp", "river", "desk", "pine", "cloud", "metro", "alpine", "sofa", "bike", "atlas", "linen",
    "copper", "tea", "orbit", "stone"]


def n(r, low, high):
    return r.randint(low, high)


def d(r, length):
    return chars(r, DIGITS, length)


def cap(r, length):
    return chars(r, UPPER, length)


def word(r):
    return r.choice(WORDS)


def price(r):
    a, b, c = n(r, 1, 999), n(r, 0, 999), n(r, 0, 99)
    return r.choice([
        f"${a},{b:03}.{c:02}", f"{a}.{b:03},{c:02} €", f"{a}{NNBSP}{b:03},{c:02}{NBSP}€", f"£{a}.{c:02}",
        f"¥{a},{b:03}", f"{a} {b:03} Kč", f"R$ {a}.{b:03},{c:02}", f"CHF {a}'{b:03}.{c:02}", f"{a} {b:03},{c:02} kr",
        f"₹{n(r, 1, 99)},{n(r, 10, 99)},{b:03}.00", f"{a} {b:03},{c:02} zł", f"{a} {b:03} ₽", f"₺{a}.{b:03},{c:02}",
        f"SEK {a} {b:03}", f"USD {a}{b:03}.{c:02}", f"{a}{b:03}.{c:02}", f"{n(r, 1, 9)}.{a:03}.{b:03},{c:02} EUR",
        f"Rp {a}.{b:03}.000", f"{a}.{b:03} ₫", f"₩{a},{b:03},000", f"฿{a},{b:03}", f"AED {a},{b:03}.00",
        f"-{a},{c:02} €", f"{a},{c:02}€/Monat", f"US${a}.{c:02}", f"{a} {b:03} Ft", f"₪{a}.{c:02}",
        f"{a} {b:03} {n(r, 100, 999)} VND",
    ])


def iso_date(r):
    y, m, day, h, mi, s = n(r, 1990, 2030), n(r, 1, 12), n(r, 1, 28), n(r, 0, 23), n(r, 0, 59), n(r, 0, 59)
    return r.choice([
        f"{y}-{m:02}-{day:02}", f"{y}-{m:02}-{day:02}T{h:02}:{mi:02}:{s:02}Z",
        f"{y}-{m:02}-{day:02}T{h:02}:{mi:02}:{s:02}+0{n(r, 1, 9)}:00",
        f"{y}-{m:02}-{day:02} {h:02}:{mi:02}:{s:02}.{d(r, 6)}", f"{y}{m:02}{day:02}T{h:02}{mi:02}{s:02}Z",
        f"{y}-W{n(r, 1, 52):02}-{n(r, 1, 7)}", f"{y}-{n(r, 1, 365):03}", f"P{n(r, 1, 9)}DT{h}H{mi}M",
        f"{y}-{m:02}-{day:02}/{y + 1}-{m:02}-{day:02}", f"{y}:{m:02}:{day:02} {h:02}:{mi:02}:{s:02}",
        f"{y}-{m:02}-{day:02}T{h:02}:{mi:02}:{s:02}.{d(r, 3)}-0{n(r, 3, 8)}:00",
    ])


def local_date(r):
    y, m, day, h, mi = n(r, 1990, 2030), n(r, 1, 12), n(r, 1, 28), n(r, 0, 23), n(r, 0, 59)
    return r.choice([
        f"{day:02}.{m:02}.{y}", f"{m}/{day}/{y}", f"{day:02}/{m:02}/{y}", f"{day}. {m}. {y}", f"{y}年{m}月{day}日",
        f"{y}/{m:02}/{day:02} {h:02}:{mi:02}", f"{day:02}-{m:02}-{y}", f"{MONTHS[m - 1]} {day}, {y}",
        f"{day} {MONTHS[m - 1]} {y}, {h:02}:{mi:02}",
        f"{y}. {m}. {day}.", f"{day:02}.{m:02}.{y} {h:02}:{mi:02}:{n(r, 0, 59):02}",
        f"Mon, {day:02} {MONTHS[m - 1]} {y} {h:02}:{mi:02}:00 GMT", f"{day:02}-{MONTHS[m - 1]}-{y % 100:02}",
        f"Mon {MONTHS[m - 1]} {day:02} {y} {h:02}:{mi:02}:00 GMT+0{n(r, 1, 9)}00 (CEST)",
    ])


def epoch(r):
    s = n(r, 1_000_000_000, 1_899_999_999)
    return r.choice([str(s), str(s), f"{s}{d(r, 3)}", f"{s}{d(r, 3)}", f"{s}{d(r, 6)}", f"{s}.{d(r, 3)}",
        f"{s}{d(r, 9)}", f"/Date({s}000)/", f"{s}{d(r, 3)}-{n(r, 1, 9)}"])


def coordinates(r):
    lat, lon = r.uniform(-70, 70), r.uniform(-179, 179)
    return r.choice([
        f"{lat:.4f}, {lon:.4f}", f"{lat:.6f},{lon:.6f}", f"{abs(lat):.5f}° N, {abs(lon):.5f}° E",
        f"{n(r, 0, 60)}°{n(r, 0, 59)}'{n(r, 0, 59)}\"N {n(r, 0, 179)}°{n(r, 0, 59)}'{n(r, 0, 59)}\"W",
        f"geo:{lat:.6f},{lon:.6f}", f"{lat:.4f};{lon:.4f}",
        f"POINT({lon:.6f} {lat:.6f})", f"{lat:+08.4f}{lon:+09.4f}/",
        json.dumps({"lat": round(lat, 6), "lng": round(lon, 6)}), f"@{lat:.7f},{lon:.7f},{n(r, 10, 18)}z",
        f"{n(r, 1, 60)}{r.choice('CDEFGHJKLMNPQ')}{cap(r, 2)} {d(r, 4)} {d(r, 4)}",
    ])


def percentage(r):
    return r.choice([
        f"{n(r, 0, 100)}%", f"{n(r, 0, 99)}.{d(r, 2)} %", f"{n(r, 0, 99)},{d(r, 1)} %",
        f"+{n(r, 0, 99)}.{n(r, 0, 9)}%", f"-{n(r, 0, 99)},{d(r, 2)} %", f"%{n(r, 1, 99)}",
        f"{n(r, 1, 99)} of {n(r, 100, 999)} ({n(r, 1, 99)}%)", f"0.{d(r, 6)}", f"{n(r, 1, 20)}:{n(r, 1, 20)}",
        f"1e-{n(r, 2, 9)}",
        f"+{n(r, 1, 99)},{d(r, 3)} ({n(r, 1, 9)}.{d(r, 2)}%)", f"{n(r, 1, 9)}.{d(r, 3)}.{d(r, 3)},{d(r, 2)}",
        f"{n(r, 1, 9)},{d(r, 3)},{d(r, 3)}", f"{n(r, 1, 99)} {d(r, 3)} {d(r, 3)}", f"{n(r, 1, 9)}'{d(r, 3)}'{d(r, 3)}",
    ])


def size(r):
    a, b, c = n(r, 1, 300), n(r, 1, 300), n(r, 1, 300)
    return r.choice([
        f"{n(r, 320, 7680)}x{n(r, 240, 4320)}", f"{a} x {b} x {c} cm", f"{a}×{b} mm",
        f"EU {n(r, 30, 50)} / US {n(r, 4, 14)}", f"{n(r, 28, 40)}/{n(r, 28, 36)}",
        f"{n(r, 145, 315)}/{n(r, 30, 80)} R{n(r, 13, 22)} {n(r, 70, 110)}{cap(r, 1)}", f"{n(r, 1, 4)}.{d(r, 1)} GB",
        f"{n(r, 1, 999)} kB",
        f"A{n(r, 0, 6)}, {n(r, 60, 300)} g/m²", f"{n(r, 3, 90)}\" ({n(r, 10, 230)} cm)",
        f"{n(r, 320, 3840)} x {n(r, 240, 2160)} @ {n(r, 1, 3)}x", f"{n(r, 1, 6)}′{n(r, 0, 11)}″",
        f"vw={n(r, 320, 3000)};vh={n(r, 240, 1600)};dpr={n(r, 1, 3)}",
    ])


def measurement(r):
    return r.choice([
        f"{n(r, 1, 999)}.{n(r, 0, 9)} km/h", f"{n(r, -30, 45)} °C", f"{n(r, 900, 1080)} hPa",
        f"{n(r, 1, 99)},{n(r, 0, 9)} kg", f"{n(r, 80, 200)}/{n(r, 50, 120)} mmHg", f"{n(r, 1, 500)} ms",
        f"{n(r, 1, 99)} 000 km", f"{n(r, 1, 9)}.{d(r, 2)}×10^{n(r, 2, 23)}",
        f"{n(r, 100, 4000)} kcal / {n(r, 400, 16000)} kJ",
        f"{n(r, 1, 60)} min {n(r, 0, 59)} s", f"{n(r, 1, 99)} m² · {n(r, 1, 9)} rooms",
        f"{n(r, 10, 999)} W, {n(r, 100, 240)} V", f"{n(r, 1, 300)} mg/dL", f"pH {n(r, 1, 13)}.{n(r, 0, 9)}",
        f"{n(r, 1, 5000)} Mbit/s", f"{n(r, 1, 26)} mi {n(r, 0, 1700)} yd",
    ])


def score(r):
    return r.choice([
        f"{n(r, 0, 9)}:{n(r, 0, 9)}", f"{n(r, 0, 9)}-{n(r, 0, 9)}", f"6-{n(r, 0, 4)} {n(r, 0, 4)}-6 7-5",
        f"21-{n(r, 5, 19)}, 21-{n(r, 5, 19)}", f"{n(r, 60, 140)}–{n(r, 60, 140)} (OT)",
        f"{n(r, 100, 600)}/{n(r, 1, 9)} ({n(r, 10, 50)}.{n(r, 1, 5)} ov)",
        f"25:{n(r, 10, 23)} 25:{n(r, 10, 23)} {n(r, 10, 23)}:25",
        f"{n(r, 0, 5)}-{n(r, 0, 5)}-{n(r, 0, 5)}", f"{n(r, 1, 3)}:{n(r, 0, 59):02}:{n(r, 0, 59):02}.{d(r, 2)}",
        f"{n(r, 10, 16)}-{n(r, 0, 5)}-{n(r, 0, 3)} record", f"4-{n(r, 2, 4)}-{n(r, 1, 3)}",
        f"W {n(r, 80, 120)}, L {n(r, 40, 80)}",
    ])


def clock(r):
    h, m, s = n(r, 0, 23), n(r, 0, 59), n(r, 0, 59)
    return r.choice([f"{h:02}:{m:02}:{s:02}", f"{h:02}:{m:02}",
        f"{h % 12 + 1}:{m:02} {r.choice(['am', 'pm', 'AM', 'p.m.'])}", f"{h:02}:{m:02}–{(h + 2) % 24:02}:{m:02}",
        f"{h:02}.{m:02} Uhr", f"{h}h{m:02}", f"{h:02}:{m:02}:{s:02}.{d(r, 3)}", f"UTC+0{n(r, 1, 9)}:30",
        f"{n(r, 0, 9)}:{m:02}:{s:02}:{n(r, 0, 24):02}", f"00:{m:02}:{s:02},{d(r, 3)} --> 00:{m:02}:{s:02},999"])


def years(r):
    a = n(r, 1850, 2010)
    b = a + n(r, 1, 40)
    return r.choice([f"{a}-{b}", f"{a}–{b}", f"({a}–{b})", f"{a}/{b % 100:02}", f"© {a}-{b}", f"{a} - {b}",
        f"{a}, {a + 1}, {b}", f"{a}-{b}, {b + 2}-{b + 9}", f"Q{n(r, 1, 4)} {b}",
        f"pp. {n(r, 100, 400)}-{n(r, 401, 900)}", f"FY{a}-{b % 100:02}", f"* {a} † {b + 30}"])


def card_wrong_check(r):
    good = card_digits(r, r.choice(list(CARD_PLANS)))
    bad = good[:-1] + r.choice([c for c in DIGITS if c != good[-1]])
    return r.choice(["", "", " ", "-"]).join(card_groups(bad))


def luhn_unknown_prefix(r):
    body = r.choice(["0", "7", "90", "91", "84", "88"]) + d(r, r.choice([14, 14, 13, 16]))
    digits = body + luhn_digit(body)
    return r.choice(["", "", " ", "-"]).join([digits[i : i + 4] for i in range(0, len(digits), 4)])


def card_wrong_length(r):
    prefix, length = r.choice([("34", 16), ("37", 17), ("4", 15), ("4", 17), ("2221", 18), ("4", 14), ("4", 20),
        ("37", 14), ("2720", 17)])
    body = prefix + d(r, length - 1 - len(prefix))
    return body + luhn_digit(body)


def long_number(r):
    return r.choice([d(r, n(r, 13, 19)).lstrip("0") or "1", f"1{d(r, 17)}", f"{n(r, 7, 9)}{d(r, n(r, 12, 18))}",
        f"{d(r, 20)}", f"id{d(r, 14)}", f"{d(r, 16)}:{d(r, 3)}", f"{d(r, 4)}_{d(r, 4)}_{d(r, 4)}_{d(r, 4)}"])


def iban_wrong_check(r):
    bad = ibans.wrong(r, r.choice(list(ibans.STRUCTURES)))
    return r.choice([bad, ibans.grouped(bad)])


def postal(r):
    return r.choice([f"{d(r, 5)}-{d(r, 4)}", f"{d(r, 5)} {word(r).title()}",
        f"{r.choice(['SW', 'EC', 'LS', 'NW'])}{n(r, 1, 9)}A {n(r, 1, 9)}{cap(r, 2)}",
        f"{r.choice('ABCEGHJKLMNPRSTVXY')}{n(r, 1, 9)}B {n(r, 1, 9)}C{n(r, 1, 9)}", f"〒{d(r, 3)}-{d(r, 4)}",
        f"{d(r, 4)} {cap(r, 2)}", f"{d(r, 3)} {d(r, 2)} {word(r).title()}", f"{d(r, 5)}-{d(r, 3)}",
        f"{d(r, 2)}-{d(r, 3)} {word(r).title()}"])


def number_list(r):
    picks = sorted(r.sample(range(1, 50), 6))
    return r.choice([", ".join(map(str, picks)), " · ".join(map(str, picks)),
        "; ".join(str(n(r, 1, 9999)) for _ in range(5)), f"[{', '.join(str(n(r, 0, 999)) for _ in range(6))}]",
        f"rows {n(r, 1, 99)}-{n(r, 100, 999)}", f"{n(r, 1, 9)}/{n(r, 10, 99)}/{n(r, 100, 999)}",
        " + ".join(str(n(r, 1, 99)) for _ in range(4)), f"{n(r, 1, 99)} × {n(r, 1, 99)} = ?",
        f"no. {n(r, 1, 40)} and no. {n(r, 41, 90)}", f"page {n(r, 1, 40)} of {n(r, 41, 900)}"])
