"""Keys and wording of innocent values in the frozen half. Slots as in working_innocents.py."""

KEYS = {
    "order": ["orderId", "cartRef", "transactionNo"], "invoice": ["invoiceNumber", "documentNo", "receipt"],
    "price": ["cost", "lineTotal", "oldPrice"], "identifier": ["uuid", "anonymousId", "messageId"],
    "short_id": ["elementId", "nanoid", "traceRef"], "digest": ["sha", "integrity", "revision"],
    "version": ["appVersion", "release", "runtime"], "iso_date": ["createdAt", "startDate", "when"],
    "local_date": ["deliveryDate", "shownDate", "departure"], "epoch": ["eventTime", "ms", "lastSeen"],
    "user_agent": ["userAgent", "browser", "client"], "isbn": ["bookId", "isbn13", "publication"],
    "gtin": ["ean13", "upc", "scanned"],
    "coordinates": ["latLng", "mapCenter", "place"], "sku": ["itemCode", "variantSku", "partNo"],
    "tracking": ["trackingId", "consignment", "parcelNo"], "flight": ["flightNo", "itinerary", "train"],
    "percentage": ["share", "conversion", "figure"],
    "size": ["viewport", "screenSize", "format"], "measurement": ["value1", "sensor", "distance"],
    "score": ["finalScore", "match", "setResult"], "clock": ["localTime", "openFrom", "duration"],
    "years": ["yearRange", "lifespan", "season"],
    "card_wrong_check": ["customerRef", "deviceSerial", "badge"],
    "luhn_unknown_prefix": ["pointsAccount", "clubNo", "equipmentNo"],
    "card_wrong_length": ["caseNo", "lotNo", "dossier"], "long_number": ["bigNumber", "snowflake", "hits"],
    "iban_wrong_check": ["paymentRef", "contractId", "couponCode"], "colour": ["backgroundColor", "theme", "cssText"],
    "path": ["fileName", "assetPath", "source"], "hostname": ["hostName", "domain", "service"],
    "base64_image": ["imageData", "icon", "preview"],
    "json_snippet": ["data", "props", "blob"], "analytics_id": ["clickId", "cookieId", "experiment"],
    "catalogue_number": ["citation", "norm", "registryNo"], "postal": ["postalCode", "zipCode", "district"],
    "number_list": ["list", "lottery", "series"],
    "code": ["snippetShown", "command", "formula"], "log_line": ["logEntry", "stderr", "trace"],
}

WRAPS = [
    "filter=¤", "now showing ¤", "¤ selected", "{\"x\":[\"¤\"]}", "row: ¤ / 12", "hover → ¤",
    "the label ¤ is cut off", "( ¤ )", "`¤`", "‘¤’", "undo ¤", "¤, next", "step 3: ¤", "<li>¤</li>", "see also ¤;",
    "¤ vs. previous", "siehe ¤", "→¤←", "ver ¤ abajo", "note|¤|ok",
]

URLS = [
    "https://example.org/account/orders?year={D}&page={d}", "https://store.example.com/{w}/dp/B0{D}{D}/",
    "https://blog.example.org/{D}/{w}-{w}-{w}", "https://example.org/find?term={w}&min={d}&max={D}",
    "../{w}/{w}.html?v={D}", "https://example.org/wiki/{w}_({w})", "https://example.org/u/{w}{d}/posts/{D}",
    "https://tiles.example.org/{d}/{D}/{D}.png", "https://example.org:8443/{w}/{w}?x={d}",
    "https://example.org/embed/{w}?start={D}&rel=0", "https://registry.example.org/{w}/-/{w}-{d}.{d}.{d}.tgz",
    "myapp://product/{D}?from={w}", "https://example.org/compare/{w}...{w}?tab=files",
    "https://example.org/?lang_code=fr&zip={D}",
    "https://example.org/{w}?session_count={d}&keypress={D}", "sftp://files.example.net/{w}/{D}",
]
TRACKED_URLS = [
    "https://example.org/?utm_source=social&utm_medium=cpc&utm_campaign=sale{D}",
    "https://example.org/{w}?utm_source=partner&utm_content={w}-{d}x{d}",
    "https://example.org/lp?gbraid={id}&utm_medium=ppc", "https://example.org/{w}?gclid=EAIaIQobChMI{id}",
    "https://example.org/?fbclid=IwAR{id}", "https://example.org/{w}?twclid={id}",
    "https://example.org/?li_fat_id={id}&utm_term={w}", "https://example.org/{w}?yclid={epoch}{D}{D}",
    "https://example.org/?s_kwcid=AL!{D}!3!{D}{D}!e!!g!!{w}", "https://example.org/{w}?pk_campaign={w}&pk_kwd={d}",
]
HANDLES = ["@{w}.{w}", "@the{w}{d}", "#{w}week{d}", "#team{w}", "hey @{w}, look", "via @{w}{D}", "/u/{w}", "c/{w}{d}",
    "dinner @ {d} o'clock", "{d} pcs @ {d} EUR", "@import url({w}.css)", "@{w}{d} liked this", "npm: @{w}/cli",
    "(@{w})", "¡gracias @{w}{d}!"]
PRODUCTS = [
    "Xperia 1 {d}", "MacBook Air M{d} 13\"", "Ryzen 7 {D}X3D", "PlayStation {d} Slim", "Airbus A3{d}-{D}",
    "Nikon Z{d} 24-70 f/2.8", "IKEA KALLAX {d}x{D}", "Coca-Cola {d} x 0,33 l", "Nike Air Max {d}",
    "Samsung QE{d}Q{d}B", "Golf VIII {d}.5 TDI", "Makita DF{D}D", "Opel {D} ({w})", "UNO {d}+ {w} edition", "CR{D} 3V",
    "USB 3.{d} hub {d}-port", "Schraube M{d}x{D}", "Type {D} {w}", "Epson {D}XL {w}", "Vitamin B{d} {D} µg",
    "Miele WWD{D}", "Monopoly {D} {w}",
]
TALK = [
    "Tokens refresh every {d} minutes", "Choose a password of {d}+ characters", "He is the bearer of flag no. {D}",
    "Type the code shown on screen {d}", "Header 'Authorization' is empty ({d})", "Payment card expired {d} days ago",
    "Where do I find my IBAN? ({d} answers)", "We never ask for your SSN ({D})", "Invalid API key (attempt {d})",
    "Telephone support opens at {d}", "An email was sent {d} minutes ago", "password=&remember={d}",
    "new password: ******** ({d})", "top secret recipe no. {D}", "reset link requested {d} times",
    "Your IP may change within {d} h", "gift card worth {d} EUR", "Proxy-Authenticate: Bearer error=\"{w}\"",
    "?token=&lang=fr&p={d}",
    "output_tokens: {D}", "prompt of {D} tokens", "mobile or desktop? ({d} votes)", "passwordless login, option {d}",
    "one-time code: see {w}", "access token store: {w}", "auth=none;{w}", "no ssn on file ({D})", "tel. n/a ({d})",
    "iban optional, field {d}", "e-mail: ask {w} ({d})",
]
TELLING = [
    ("phoneType", "{w} {d}"), ("isMobile", "1 ({d})"), ("mobileBreakpoint", "{D}px"),
    ("telFieldVisible", "false ({d})"), ("tokenType", "bearer/{d}"), ("maxTokens", "{D}"), ("passwordLength", "{d}"),
    ("passwordVisible", "toggled {d}x"), ("secretQuestion", "First {w}?"), ("apiKeyLabel", "{w} staging {d}"),
    ("passwordRule", "{d}+ characters"), ("phonePlan", "{w} {d} GB"), ("tokenStatus", "expired {d} min"),
    ("secretSale", "{d}% off"), ("phoneHelpClicks", "{D}"), ("mobileNetwork", "LTE {d}"), ("cardType", "debit {w}"),
    ("emailFrequency", "weekly {d}"), ("ibanHelpOpened", "{d}"), ("ipStack", "dual {d}"),
]
INNER = [
    ("hotelRef", "{tel}"), ("telescopeId", "{tel}"), ("snowmobileNo", "{tel}"), ("turkeyRun", "{id}"),
    ("keyframeId", "{id}"), ("tokenizerHash", "{hex}"), ("secretionTest", "{hex}"), ("xylophoneStock", "{tel}"),
    ("authorId", "{id}"), ("pastelCode", "{tel}"),
]
