//! The words that [`super`] compares names with, in small letters.

use super::is_one_of;

/// Words, and by the first letter which lengths they have: most others are told from them by that alone.
pub struct Words {
    list: &'static [&'static str],
    lengths: [u32; 32],
}

impl Words {
    const fn new(list: &'static [&'static str]) -> Self {
        let mut lengths = [0; 32];
        let mut at = 0;
        while at < list.len() {
            let word = list[at].as_bytes();
            lengths[(word[0] & 31) as usize] |= 1 << (word.len() % 32);
            at += 1;
        }
        Self { list, lengths }
    }

    /// Whether `word` is one of them, in any case.
    pub fn has(&self, word: &str) -> bool {
        // The first byte of a letter of other scripts is another one for a capital.
        let lengths = word
            .bytes()
            .next()
            .filter(u8::is_ascii)
            .map_or(u32::MAX, |first| self.lengths[usize::from(first & 31)]);
        lengths >> (word.len() % 32) & 1 != 0 && is_one_of(word, self.list)
    }
}

/// Words that name a secret, also at the end of a longer one (`authtoken`).
pub const SECRET_ENDINGS: &[&str] =
    &["password", "passwd", "passphrase", "passwort", "secret", "token", "apikey", "secretkey"];

/// Other words that name a secret. Those of other languages are what a password is called in forms.
pub static SECRETS: Words = Words::new(&[
    "auth",
    "authorization",
    "authkey",
    "bearer",
    "credential",
    "credentials",
    "creds",
    "csrf",
    "xsrf",
    "jwt",
    "otp",
    "passcode",
    "passkey",
    "passwords",
    "privatekey",
    "accesskey",
    "psw",
    "pw",
    "pwd",
    "pword",
    "secrets",
    "tokens",
    "totp",
    "adgangskode",
    "clave",
    "contrasena",
    "contraseña",
    "geslo",
    "hasło",
    "heslo",
    "jelszó",
    "kennwort",
    "khẩu",
    "lozinka",
    "lösenord",
    "losenord",
    "mdp",
    "motdepasse",
    "parola",
    "parole",
    "parool",
    "parol",
    "passe",
    "passord",
    "salasana",
    "sandi",
    "senha",
    "sifre",
    "şifre",
    "slaptažodis",
    "wachtwoord",
    "κωδικός",
    "κωδικοσ",
    "лозинка",
    "парола",
    "пароль",
    "пароля",
    "סיסמה",
    "סיסמא",
    "סיסמתי",
    "المرور",
    "پاسورد",
    "गोपनीय",
    "पासवर्ड",
]);

/// The same in scripts that put no blanks between words, where they are found within others.
pub const SECRETS_WITHIN: &[&str] =
    &["パスワード", "パスコード", "暗証", "密码", "密碼", "口令", "비밀번호", "암호", "รหัสผ่าน"];

/// Words that name a secret where they are the last of a key.
pub static SECRETS_LAST: Words = Words::new(&["cred", "pass", "pin"]);

/// What a key opens, where the key itself is secret; a `cache_key` is not.
pub static KEY_OWNERS: Words = Words::new(&[
    "access",
    "account",
    "admin",
    "aes",
    "api",
    "app",
    "auth",
    "bot",
    "cipher",
    "client",
    "consumer",
    "crypto",
    "decryption",
    "deploy",
    "encryption",
    "gpg",
    "hmac",
    "license",
    "master",
    "pgp",
    "private",
    "recovery",
    "root",
    "rsa",
    "secret",
    "security",
    "server",
    "service",
    "session",
    "shared",
    "signature",
    "signing",
    "ssh",
    "ssl",
    "storage",
    "subscription",
    "tls",
    "vault",
    "webhook",
    "wifi",
    "wpa",
    "write",
]);

/// Last words with which a name speaks of a secret, or of a phone, and does not hold it.
pub static HARMLESS: Words = Words::new(&[
    "age",
    "app",
    "at",
    "attempts",
    "brand",
    "budget",
    "button",
    "changed",
    "choice",
    "click",
    "clicks",
    "code",
    "confirmed",
    "cost",
    "count",
    "counter",
    "country",
    "created",
    "date",
    "days",
    "device",
    "disabled",
    "duration",
    "enabled",
    "error",
    "errors",
    "exists",
    "expired",
    "expires",
    "expiry",
    "fingerprint",
    "focus",
    "format",
    "hidden",
    "hint",
    "id",
    "ids",
    "in",
    "index",
    "kind",
    "label",
    "lang",
    "length",
    "level",
    "limit",
    "link",
    "locale",
    "manager",
    "max",
    "method",
    "min",
    "mode",
    "model",
    "ms",
    "name",
    "on",
    "os",
    "page",
    "path",
    "platform",
    "policy",
    "position",
    "present",
    "price",
    "provider",
    "rank",
    "rate",
    "reason",
    "region",
    "required",
    "result",
    "rule",
    "rules",
    "scope",
    "scopes",
    "screen",
    "seconds",
    "shown",
    "size",
    "source",
    "state",
    "status",
    "step",
    "steps",
    "strength",
    "time",
    "total",
    "ts",
    "type",
    "url",
]);

/// Words that name a phone number.
pub static PHONES: Words = Words::new(&[
    "cellphone",
    "celular",
    "cellulare",
    "fax",
    "faxnumber",
    "gsm",
    "handynummer",
    "homephone",
    "landline",
    "mobilephone",
    "mobilnummer",
    "mobiltelefon",
    "movil",
    "msisdn",
    "pager",
    "phone",
    "phoneno",
    "phonenumber",
    "phones",
    "puhelin",
    "puhelinnumero",
    "rufnummer",
    "smartphone",
    "tel",
    "telefax",
    "telefon",
    "telefone",
    "telefono",
    "telefonnummer",
    "telefoon",
    "telefoonnummer",
    "telefonszám",
    "telemovel",
    "telemóvel",
    "telephone",
    "teléfono",
    "telf",
    "telno",
    "telnr",
    "tlf",
    "tlfn",
    "téléphone",
    "whatsapp",
    "workphone",
    "τηλέφωνο",
    "τηλεφωνο",
    "телефон",
    "телефона",
    "טלפון",
    "הטלפון",
    "هاتف",
    "الهاتف",
    "تلفن",
    "موبایل",
    "फ़ोन",
    "thoại",
]);

/// The same in scripts that put no blanks between words, where they are found within others.
pub const PHONES_WITHIN: &[&str] =
    &["携帯", "手机", "手機", "电话", "電話", "전화", "핸드폰", "휴대폰", "โทรศัพท์"];

/// Words that name a phone number where no other kind of word follows: `mobile_sessions` are no number.
pub static PHONES_LAST: Words = Words::new(&[
    "callback", "caller", "cell", "cellular", "contact", "dial", "handy", "mobiel", "mobil", "mobile",
    "móvil", "sms",
]);

/// What may follow them.
pub static PHONE_QUALIFIERS: Words = Words::new(&[
    "number",
    "numbers",
    "recipient",
    "receiver",
    "sender",
    "to",
    "from",
    "no",
    "nr",
    "num",
    "nummer",
    "numero",
    "home",
    "work",
    "office",
    "private",
    "personal",
    "business",
    "main",
    "primary",
    "secondary",
    "alt",
    "full",
    "raw",
    "user",
    "customer",
    "contact",
    "billing",
    "shipping",
    "emergency",
    "daytime",
    "evening",
    "e",
]);

/// Words that name goods or a document.
pub static GOODS: Words = Words::new(&[
    "art", "article", "artikel", "barcode", "ean", "gtin", "invoice", "isbn", "issn", "item", "lot", "mpn",
    "order", "part", "parcel", "price", "serial", "sku", "tracking", "upc",
]);

/// Words that name a version.
pub static VERSIONS: Words = Words::new(&[
    "version", "versions", "ver", "v", "rv", "build", "release", "firmware", "revision", "chrome",
    "chromium", "edge", "electron", "firefox", "opera", "safari", "webview",
]);

/// Words that name the address of a host.
pub static ADDRESSES: Words = Words::new(&[
    "addr",
    "address",
    "client",
    "dns",
    "dst",
    "forwarded",
    "from",
    "gateway",
    "host",
    "ip",
    "ips",
    "ipv",
    "listen",
    "peer",
    "ping",
    "remote",
    "src",
]);
