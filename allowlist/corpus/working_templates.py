"""Property keys and surroundings of secrets in the working half. ¤ marks the secret.

No template and no key of this file is in frozen_templates.py, but for the URL parameters that the
scrubber's contract names.
"""

SEED = 20250103

# Keys that say nothing about the value.
NEUTRAL_KEYS = ["message", "comment", "note", "query", "text", "description", "label", "value", "title",
    "search_term", "feedback", "detail"]

# Keys under which a kind stands alone.
KIND_KEYS = {
    "email": ["email", "user_email", "contact", "recipient", "login"],
    "card": ["card_number", "payment_detail", "pan", "entered_card"],
    "iban": ["iban", "account", "bank_account"],
    "ssn": ["ssn", "social_security_number", "tax_id"],
    "ip": ["ip", "client_ip", "remote_addr", "host_address"],
    "jwt": ["session_data", "id_assertion", "bearer_value", "ticket"],
    "token": ["integration", "env_value", "credential_hint", "pasted"],
    "url": ["url", "page_url", "referrer", "link"],
}
PHONE_KEYS = ["phone", "tel", "mobile", "phone_number", "customer_phone", "mobile_number", "tel_home", "phone2"]
SECRET_KEYS = ["password", "secret", "token", "api_key", "apikey", "client_secret", "access_token", "user_password",
    "auth_token", "secret_key", "private_key", "passwd"]

# Surroundings that suit every kind.
ANY = [
    '"¤"', "(¤)", "[¤]", "'¤'", "¤.", "¤, thanks", "¤;", "is it ¤?", "here: ¤", "- ¤\n- n/a", "first; second; ¤",
    "one, ¤, three", "old → ¤",
    '{"value":"¤"}', '{"a":1,"items":["¤"],"ok":true}', '["¤","n/a",null]',
    'level=info msg="field received" value="¤" took=12ms',
    "2024-05-06T07:08:09Z WARN form rejected: ¤ (blur)", "<td>¤</td>", "field;content\nanswer;¤",
    "answer: ¤\nother: none\n", "Ticket #4821: ¤", "copied «¤» to clipboard",
]

KIND = {
    "email": [
        "mailto:¤?subject=Hello", "From: Ada <¤>", "name=Ada&email=¤&plan=pro", "user ¤ signed in",
        "<a href=\"mailto:¤\">write</a>", "to=<¤>, relay=none, status=sent",
        '{"user":{"email":"¤","plan":"free"}}', "No account found for ¤.", "¤ is already taken",
        "invite sent to ¤ and 3 others", "Login failed (¤)", "id,mail\n17,¤",
    ],
    "email encoded": [
        "https://example.com/welcome?email=¤", "https://example.com/unsubscribe?list=7&email=¤&src=footer",
        "email=¤&plan=pro&terms=on", "/login?next=%2Fcart&user=¤",
        "https://shop.example.net/account/¤/orders", "u=¤", "redirect=/signup%3Femail%3D¤%26ref%3D2",
    ],
    "phone": [
        "tel: ¤", "Phone ¤ (mobile)", '{"contact":"¤","via":"sms"}', "sms sent to ¤", "SMS to ¤ failed: timeout",
        "Fax/Tel ¤", "Is ¤ still right?", "WhatsApp: ¤!",
        '<a href="tel:¤">call</a>', "code texted to ¤, valid 10 min",
    ],
    "card": [
        "paid with ¤", "card=¤&exp=12/27", '{"card":{"number":"¤","exp":"12/27"}}', "Card ¤ was declined",
        "I typed ¤ by mistake", "PAN ¤ rejected: do_not_honor", "my visa is ¤ ok",
        "number: ¤, name: A. Lovelace", "¤ 12/27", "charge failed for ¤ (retry 2)",
    ],
    "iban": [
        "IBAN: ¤", "iban=¤&currency=EUR", '{"payout":{"iban":"¤"}}', "payout to ¤ failed",
        "SEPA mandate for ¤ created", "IBAN ¤, BIC DEUTDEFF", "Is ¤ correct?", "refund → ¤ (EUR 25.00)",
    ],
    "ssn": [
        "SSN: ¤", "my social is ¤", "ssn=¤&state=NY", '{"applicant":{"ssn":"¤"}}', "SSN ¤ did not match",
        "W-2 for ¤ attached", "Applicant (¤) approved", "taxpayer ¤, form 1040", "mi número de seguro social es ¤",
        "patient ¤ checked in at 9:40", "ID type SSN, ID ¤", "verify ¤ against the file",
    ],
    "ip": [
        "X-Forwarded-For: ¤, proxy", '¤ - - [06/May/2024:07:08:09 +0000] "GET / HTTP/1.1" 200 512',
        "blocked ¤ after 5 tries", "client ¤ connected", "ip=¤&port=443", '{"ip":"¤","country":"DE"}',
        "Connection from ¤ closed", "ping ¤ timed out", "allow ¤ only", "seen from ¤ at 12:30:45", "peer [¤]",
        "Chrome/120.0.0.0 from ¤",
    ],
    "ip v4": ["http://¤/status", "http://¤:3000/health?full=1", "¤:8080", "listen ¤:443", "ssh root at ¤ port 22",
        "https://¤/index.html#top"],
    "ip v6": ["http://[¤]/status", "[¤]:443", "listen [¤]:8443", "https://[¤]:3000/health"],
    "jwt": [
        "Authorization: Bearer ¤", "Bearer ¤", "jwt=¤", "https://example.com/sso?jwt=¤",
        '{"id_token":"¤","expires_in":3600}', "Cookie: sid=¤; theme=dark", "expired: ¤",
        "curl -H 'Authorization: Bearer ¤' https://api.example.com",
        "localStorage.auth = '¤'", "decode failed for ¤", "/callback#id_token=¤&state=7", "token ¤ is not yet valid",
    ],
    "token": [
        "export KEY=¤", "key: ¤", '{"key":"¤"}', "I pasted ¤ into the chat", "curl -u ¤: https://api.example.com",
        "invalid credentials ¤", "git clone https://¤@git.example.com/app.git", "using ¤ for deploys", "X-Api-Key: ¤",
        "Authorization: Bearer ¤", "# ¤", "const client = new Client('¤');", ".env:3: API=¤", "rotate ¤ today",
        "https://api.example.com/v1/items?key=¤",
    ],
    "bearer": [
        "Authorization: Bearer ¤", "Bearer ¤", "authorization: bearer ¤", '{"Authorization":"Bearer ¤"}',
        "curl -H \"Authorization: Bearer ¤\" https://api.example.com/me", "sent header Authorization: Bearer ¤ (401)",
        "401 for 'Bearer ¤'", "headers = {'Authorization': 'Bearer ¤'}",
    ],
    "url": ["opened ¤", "GET ¤ 200 14ms", '{"href":"¤"}', "<¤>", "(¤)", "redirected to ¤ after login",
        "see ¤ for more", '<a href="¤">here</a>', "Referer: ¤", "1. ¤\n2. none"],
    "secret telling": ["*¤*", '"¤"', "<¤>", "'¤'", "new: ¤", "¤ (copied)", "[¤]", "is ¤ right?", "changed to ¤, ok",
        "value=¤"],
    "secret inside": [
        '{"user":"ada","password":"¤"}', "user=ada&password=¤&remember=1",
        'login attempt user=ada password=¤ ok=false', '{"config":{"api_key":"¤"},"region":"eu"}',
        "client_secret=¤&grant_type=client_credentials",
        "SECRET_KEY=¤", "DEBUG token=¤ ttl=60", '{"secret":"¤"}', "password: ¤", "api_key: ¤\nregion: eu\n",
    ],
}

# URLs; the fragment after | names the sort.
URLS = [
    "https://ada:¤@example.com/private|password in userinfo",
    "postgres://app:¤@db.example.net:5432/shop|database URL",
    "redis://:¤@cache.example.net:6379/0|database URL, no user",
    "ftp://upload:¤@files.example.org/in/|password in userinfo", "https://example.com/verify?token=¤|token",
    "https://example.com/data?page=2&api_key=¤|api_key, last",
    "https://example.com/map?api_key=¤&zoom=4|api_key, first",
    "https://example.com/cb#access_token=¤&token_type=bearer&expires_in=3600|access_token in fragment",
    "https://example.com/cb?state=eu&code=¤|OAuth code",
    "https://cdn.example.net/f.mp4?Expires=1735689600&Signature=¤|signature",
    "https://example.com/app?session=¤&lang=de|session", "/account?sid=1&sessionToken=¤|relative, sessionToken",
    "https://example.com/reset-password?token=¤|password reset, query",
    "https://example.com/reset-password/¤|password reset, path",
    "https://example.com/password/reset/¤?lang=en|password reset, path",
    "https://example.com/login?user=ada&password=¤|password",
    "https://s3.example.com/b/k.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=¤|X-Amz-Signature",
    "https://example.com/hook?client_secret=¤&v=2|client_secret", "https://example.com/sso?auth_token=¤|auth_token",
    "example.com/a?b=c&access_token=¤|no scheme, access_token",
    "wss://live.example.com/socket?token=¤&v=3|websocket, token",
    "https://example.com/a?utm_source=mail&token=¤#top|token before a fragment",
]
