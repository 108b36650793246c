"""Keys and wording of innocent values in the working half.

Slots: ¤ a drawn value, {n} a name, {d} one or two digits, {D} three or four, {w} a word, {hex} 40 hex digits,
{id} 32 letters and digits, {tel} ten to twelve digits, {epoch} seconds.
"""

# Function of figures.py or innocents.py: keys its values may stand under.
KEYS = {
    "order": ["order_id", "order_number", "purchase_ref"], "invoice": ["invoice", "invoice_no", "bill_ref"],
    "price": ["price", "revenue", "total"], "identifier": ["id", "event_id", "visitor"],
    "short_id": ["object_id", "node", "request_id"], "digest": ["commit", "checksum", "etag"],
    "version": ["version", "app_version", "build"], "iso_date": ["created_at", "timestamp", "date"],
    "local_date": ["due", "birthday_shown", "day"], "epoch": ["ts", "sent_at", "expires"],
    "user_agent": ["user_agent", "ua", "agent"], "isbn": ["isbn", "book", "edition"],
    "gtin": ["gtin", "ean", "barcode"],
    "coordinates": ["location_hint", "center", "geo"], "sku": ["sku", "part", "article_no"],
    "tracking": ["tracking_number", "parcel", "shipment"], "flight": ["flight", "trip", "seat"],
    "percentage": ["rate", "progress", "amount"],
    "size": ["size", "resolution", "dimensions"], "measurement": ["reading", "speed", "weight"],
    "score": ["score", "result", "standing"], "clock": ["time", "opening", "slot"],
    "years": ["period", "range", "copyright"],
    "card_wrong_check": ["reference", "member_no", "serial"],
    "luhn_unknown_prefix": ["loyalty_no", "meter_no", "policy"], "card_wrong_length": ["batch", "lot", "record_no"],
    "long_number": ["number", "counter", "sequence"],
    "iban_wrong_check": ["ref", "contract", "voucher"], "colour": ["color", "style", "css"],
    "path": ["file", "path", "asset"], "hostname": ["host", "origin_name", "server"],
    "base64_image": ["image", "avatar", "thumbnail"],
    "json_snippet": ["json", "state", "extra"], "analytics_id": ["gclid", "fbclid", "campaign_click"],
    "catalogue_number": ["doi", "standard", "law"], "postal": ["zip", "postcode", "area"],
    "number_list": ["numbers", "rows", "picks"],
    "code": ["code_line", "selector", "expression"], "log_line": ["log", "line", "output"],
}

WRAPS = [
    "Shown value: ¤", "changed ¤ in row 4", "{\"v\":\"¤\"}", "¤ (default)", "User picked ¤.",
    "compare ¤ with last week", "[¤]", "“¤” was copied", "export: ¤; done", "tooltip says ¤", "\"¤\"", "¤ | draft",
    "kept ¤ as is", "tab 2 > ¤", "it reads ¤ here",
    "Bitte ¤ prüfen", "voir ¤", "a=¤&b=2", "¤\n", "- ¤",
]

URLS = [
    "https://example.com/orders/{D}/items/{d}", "https://shop.example.net/p/{w}-{w}-{D}?color=blue&size={d}",
    "https://example.com/{w}/2024/05/06/{w}-and-{w}", "https://example.com/search?q={w}+{w}&page={d}&sort=price_asc",
    "/{w}/{D}#section-{d}", "https://docs.example.org/v{d}.0/{w}.html#L{D}",
    "https://example.com/@{w}", "https://example.com/map?lat=52.52&lng=13.405&zoom={d}", "http://localhost:{D}/{w}",
    "https://example.com/i/{w}.jpg?w={D}&h={D}&fit=crop", "https://example.com/package/@{w}/{w}",
    "android-app://com.example.{w}/http/example.com/{D}", "https://example.com/issues/{D}?status=open&tokens={d}",
    "https://example.com/?country_code=DE&status_code={D}", "https://example.com/{w}?keyword={w}&author={w}",
    "ftp://files.example.org/{w}/{D}.zip",
]
TRACKED_URLS = [
    "https://example.com/?utm_source=newsletter&utm_medium=email&utm_campaign={w}_{d}",
    "https://example.com/{w}?utm_source=google&utm_term={w}%20{w}&utm_content=v{d}",
    "https://example.com/?gclid=Cj0KCQ{id}_wcB", "https://example.com/{w}?fbclid=IwAR{id}&ref={w}",
    "https://shop.example.net/{w}?msclkid={id}",
    "https://example.com/?ttclid={id}&utm_id={D}", "https://example.com/{w}?mc_cid={d}ab{D}&utm_source=mc",
    "https://example.com/?_ga=2.{D}{D}.{epoch}.{D}{D}", "https://example.com/{w}?irclickid={id}",
    "https://example.com/?utm_campaign=2024-05_{w}&wbraid={id}",
]
HANDLES = ["@{w}{d}", "@{w}_{w}", "#{w}{D}", "#{w} #{w}{d}", "thanks @{w}!", "cc @{w} and @{w}{d}", "u/{w}{D}",
    "r/{w}", "@{w} @ 5.30pm", "{d} @ $4.99", "meet @ the {w}", "@media (min-width: {D}px)", "@{w}/{w}-kit",
    "{w}@ (draft)", "~{w}{d}"]
PRODUCTS = [
    "iPhone {d} Pro Max 256GB", "Galaxy S{d} Ultra 5G", "ThinkPad X1 Carbon Gen {d}", "GeForce RTX {D} Ti",
    "AirPods Pro {d}", "Boeing 7{d}7-{D}", "WD-40 {D} ml", "Canon EOS R{d} + 24-105mm f/4", "Levi's {D} W{d} L34",
    "Nivea Sun LSF {d}, {D} ml", "A{D} Bionic", "Bosch GSR 18V-{d}", "Porsche 911 ({D} km)",
    "N95 ×{d}", "LEGO {D}{d} {w} set", "AA 1.5V LR6 x{d}", "H&M Top {d}/{d} {w}", "7-Zip {d}.{d}", "M6×{d} DIN 933",
    "E27 {d} W {D} lm", "Chanel N°5 {D} ml", "PS5 – {w} bundle {d}",
]
# Talk about secrets that holds none.
TALK = [
    "The token expired after {d} minutes.", "Password must have at least {d} characters.",
    "Bearer of good news since {D}", "Enter the {d}-digit code from the app", "Missing Authorization: Bearer header",
    "Your card was declined ({D})", "Enter your IBAN here", "SSN is required on page {d}", "API key missing",
    "phone number looks too short",
    "Please confirm your email address ({d} of 3)", "token_type=bearer&expires_in={D}", "password: (hidden)",
    "secret santa in room {D}", "Forgot your password? Reset it in {d} steps.", "IP blocked? Wait {d} minutes.",
    "card ending soon, {d} days left", "WWW-Authenticate: Bearer realm=\"{w}\"", "api_key=&page={d}",
    "max_tokens={D}", "tokens used: {D} of 8192", "Sign in with your phone or email",
    "Login via {w}, no password needed ({d})", "2FA code sent {d} s ago", "The access token is stored in {w}",
    "Authorization: none ({d})", "SSN: not given ({d})", "phone: n/a, ext {d}", "IBAN: {w} only",
    "email me @ {w} ({d})",
]
# Telling keys over harmless values.
TELLING = [
    ("phone_model", "Pixel {d} Pro"), ("phone_verified", "true, step {d}"), ("mobile_os", "Android {d}"),
    ("mobile_web", "yes ({d}%)"), ("token_type", "Bearer v{d}"), ("token_count", "{D}"),
    ("password_strength", "strong ({d})"), ("password_hint", "shown {d} times"), ("secret_santa_budget", "{d} EUR"),
    ("api_key_name", "{w} backend {d}"),
    ("password_reset_step", "{d} of 3"), ("tel_format", "national {d}"), ("token_scope", "read:{w} write:{w}"),
    ("secret_level", "{w} {d}"), ("phone_field_focus_ms", "{D}"), ("phone_label", "{w} {d}"),
    ("card_brand", "visa {w}"), ("email_opt_in", "yes, {w} {d}"), ("iban_country", "DE/{d}"), ("ip_version", "IPv{d}"),
]
# Keys that hold a telling word only inside another word.
INNER = [
    ("hotel_id", "{tel}"), ("telemetry_batch", "{tel}"), ("automobile_stock", "{tel}"), ("monkey_run", "{id}"),
    ("keyboard_rev", "{id}"), ("tokenizer_rev", "{hex}"), ("secretary_desk", "{hex}"), ("motel_booking", "{tel}"),
    ("author_ref", "{id}"), ("headphone_sku", "{tel}"),
]
