"""Property keys and surroundings of secrets in the frozen half. ¤ marks the secret."""

SEED = 77001919

NEUTRAL_KEYS = ["body", "input", "formAnswer", "content", "reason", "subject", "payload", "clickedText", "reviewText",
    "answer", "placeholder", "summary", "errorMessage"]

KIND_KEYS = {
    "email": ["userEmail", "e_mail", "emailAddress", "inviteTarget", "from"],
    "card": ["cardNo", "paymentInput", "ccField", "cardEntered"],
    "iban": ["payoutIban", "bankDetails", "accountNumber"],
    "ssn": ["socialSecurity", "ssnField", "govId"],
    "ip": ["ipAddress", "clientAddr", "visitorIp", "peer"],
    "jwt": ["assertion", "cookieValue", "headerValue", "claimBlob"],
    "token": ["snippet", "configLine", "clipboard", "setupValue"],
    "url": ["href", "landingPage", "currentUrl", "location"],
}
PHONE_KEYS = ["phoneNumber", "telephone", "mobilePhone", "contactPhone", "userTel", "mobileNo", "billing_phone",
    "Phone"]
SECRET_KEYS = ["newPassword", "secretKey", "accessToken", "apiKey", "clientSecret", "refresh_token", "api-key",
    "appSecret", "pwd", "db_password", "webhookSecret", "authToken"]

ANY = [
    "“¤”", "{¤}", "`¤`", "<b>¤</b>", "¤!", "¤ – please check", "¤ / none", "was ¤ before", "what about ¤ ?", "* ¤",
    "a|b|¤|d", "x\t¤\ty", "from ¤ to nothing", "=> ¤",
    '{"field":{"content":"¤"},"valid":false}', '{"k":"¤","n":3}', '[1,"¤"]',
    "ts=1714979289 lvl=error field='¤' retry=1", "[app] 07:08:09.123 DEBUG typed ¤ then left", "<input value=\"¤\">",
    "col1,col2\n1,\"¤\"", "---\nanswer: \"¤\"\n", "Case 77-A: ¤", "(see ¤)", "¤\n\nSent from my phone",
    "Q: which one?\nA: ¤",
]

KIND = {
    "email": [
        "Reply-To: \"A. L.\" <¤>", "mailto:¤", "q=¤&page=1", "bounced: ¤ (mailbox full)", "subscribe,¤,2024-05-06",
        '{"to":["¤"],"template":"welcome"}', "¤ joined the workspace", "Could not deliver to ¤;",
        "sharing with ¤ (editor)", "user[mail]=¤", "login: ¤ / plan: team", "assigned to ¤, due Friday",
    ],
    "email encoded": [
        "https://example.org/confirm?addr=¤&step=2", "https://example.org/newsletter?m=¤#done", "mail=¤&newsletter=1",
        "/invite?to=¤", "https://app.example.org/users/¤", "returnTo=%2Fprofile%3Fmail%3D¤", "name=A.%20L.&to=¤",
    ],
    "phone": [
        "call ¤ back", "Mobile – ¤", '{"recipient":"¤","channel":"voice"}', "OTP delivered to ¤", "dialled ¤ twice",
        "Reservation under ¤, table 4", "Contact no. ¤;", "phone=¤", "voicemail left on ¤ at 16:20",
        "Hotline ¤ is busy",
    ],
    "card": [
        "Visa ending soon: ¤", "cc_number=¤&cc_cvc=000", '{"pm":{"type":"card","no":"¤"}}', "do not store ¤",
        "use ¤ for the deposit", "¤ exp 03/28", "payment error [¤] insufficient_funds", "Kartennummer ¤ ungültig",
        "my number ¤ never works", "tarjeta ¤ rechazada",
    ],
    "iban": [
        "Konto ¤", "account_iban=¤", '{"debtor":{"name":"A. L.","iban":"¤"}}', "mandate ¤ revoked",
        "direct debit from ¤ returned", "¤ (EUR)", "IBAN given: ¤.", "SEPA: ¤, ref 2024-05",
    ],
    "ssn": [
        "Social Security No. ¤", "applicant ¤ denied", "form[ssn]=¤", '{"person":{"tin":"¤","state":"CA"}}',
        "no record for ¤", "¤ (spouse)", "I-9 lists ¤ for the hire", "Número de Seguro Social: ¤",
        "beneficiary ¤, plan B",
        "background check ¤ pending", "employee no. 4471, SSN ¤", "claim filed under ¤ in May",
    ],
    "ip": [
        "Forwarded: for=\"¤\";proto=https", "Failed password for admin from ¤ port 51234 ssh2", "geo lookup ¤ -> NL",
        "banned: ¤ (3 strikes)", "addr=¤", '{"remote":{"addr":"¤"},"tls":true}', "upstream ¤ unreachable",
        "traceroute hop 4: ¤",
        "resolver ¤ answered", "session opened by ¤ on 6 May", "Firefox/121.0 on ¤", "src ¤ dst gateway",
    ],
    "ip v4": ["https://¤/login?x=1", "http://¤:9090/metrics", "¤:5432 refused", "bind ¤:80 failed", "udp://¤:53",
        "ws://¤/socket"],
    "ip v6": ["https://[¤]/login", "[¤]:8080 refused", "udp://[¤]:53", "ws://[¤]/socket"],
    "jwt": [
        "x-auth: ¤", "Set-Cookie: jwt=¤; Path=/; HttpOnly", '{"token_type":"Bearer","access_token":"¤"}',
        "assertion=¤&grant_type=jwt", "refused ¤ (bad signature)",
        "wget --header='Authorization: Bearer ¤' https://api.example.org", "sessionStorage: jwt → ¤",
        "https://example.org/magic?t=¤&lang=fr", "Authorization: JWT ¤", "kid unknown in ¤",
        "App.start({auth: \"¤\"})", "proxied with Bearer ¤ upstream",
    ],
    "token": [
        "set KEY=¤", "apiKey = \"¤\"", '{"credentials":["¤"]}', "my key is ¤ and it fails",
        "http -a ¤: api.example.org", "unauthorized: ¤", "remote: https://oauth2:¤@git.example.org/x.git",
        "deploy uses ¤ since May", "x-token: ¤", "Authorization: token ¤",
        "// ¤", "Client.connect(key=\"¤\")", "config.yml line 3: ¤", "revoke ¤ now",
        "https://api.example.org/v2?k=¤&x=1",
    ],
    "bearer": [
        "authorization=Bearer ¤", "BEARER ¤", "Authorization:Bearer ¤", '{"headers":{"authorization":"Bearer ¤"}}',
        "http api.example.org \"Authorization: Bearer ¤\"", "rejected Bearer ¤ with 403",
        "req.setHeader('Authorization', 'Bearer ¤')",
        "Proxy-Authorization: Bearer ¤",
    ],
    "url": ["clicked ¤", "POST ¤ -> 302", '{"target":{"url":"¤"}}', "[link](¤)", "navigated: ¤, then left",
        "blocked ¤ (csp)", "<img src='¤'>", "from ¤ to home", "curl '¤'", "page ¤ not found"],
    "secret telling": ["set to ¤", "“¤”", "`¤`", "¤ / unchanged", "«¤»", "now ¤.", "\n¤", "→ ¤", "{¤}",
        "old one was ¤"],
    "secret inside": [
        '{"login":"ada","newPassword":"¤","ok":true}', "email=&passwd=¤", 'auth error user="ada" passwd="¤"',
        '{"integration":{"clientSecret":"¤"}}', "refresh_token=¤&scope=read", "API_TOKEN=¤",
        "trace: access_token='¤'", '{"apiSecret":"¤"}',
        "Password = ¤", "[db]\npassword = \"¤\"\n",
    ],
}

URLS = [
    "https://grace:¤@intranet.example.org|password in userinfo",
    "mongodb+srv://svc:¤@cluster.example.org/test?retryWrites=true|database URL",
    "amqp://queue:¤@mq.example.org/%2F|broker URL",
    "smtp://relay:¤@mail.example.org:587|password in userinfo", "https://example.org/activate?lang=en&token=¤|token",
    "https://example.org/v1/search?q=shoes&apikey=¤|apikey, last",
    "https://example.org/tiles/3/4/5.png?apiKey=¤|apiKey",
    "https://example.org/oauth/done#state=x&access_token=¤|access_token in fragment, last",
    "https://example.org/oauth/callback?code=¤&state=7f|OAuth code",
    "https://media.example.org/clip?exp=1735&signature=¤|signature",
    "https://example.org/shop;jsessionid=¤?cat=3|jsessionid in path",
    "https://example.org/chat?session_id=¤|session_id",
    "https://example.org/users/password/edit?reset_password_token=¤|password reset, query",
    "https://example.org/auth/reset/¤|password reset, path",
    "https://example.org/forgot-password/¤/confirm|password reset, path",
    "https://example.org/wp-login.php?action=rp&key=¤&login=ada|password reset, key",
    "https://example.org/login?u=ada&passwd=¤|passwd",
    "https://storage.example.org/b/o?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Expires=600&X-Goog-Signature=¤|X-Goog-Signature", "https://example.org/share?sig=¤&sv=2022-11-02|sig",
    "https://example.org/refresh?refresh_token=¤|refresh_token", "/portal?secret=¤&tab=2|relative, secret",
    "example.org/x?access_token=¤&y=1|no scheme, access_token",
    "https://example.org/app#/verify?token=¤|token after a hash route",
    "https://example.org/m?id_token=¤|id_token",
]
