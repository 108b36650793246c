"""Made-up tokens in the formats of well-known vendors. None was ever issued.

Formats, from public pages:
  AWS           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
  GitHub        https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
                https://github.blog/changelog/2021-03-04-authentication-token-format-updates (last six characters: CRC-32 in base 62)
  GitLab        https://docs.gitlab.com/security/tokens/#token-prefixes
  Google        https://cloud.google.com/docs/authentication/api-keys
                https://docs.gitguardian.com/secrets-detection/secrets-detection-engine/detectors/specifics/google_oauth2_keys
  Slack         https://docs.slack.dev/authentication/tokens
  Stripe        https://docs.stripe.com/keys
  npm           https://github.blog/2021-09-23-announcing-npms-new-access-token-format/
  SendGrid      https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys (69 characters)
  Twilio        https://www.twilio.com/docs/iam/api-keys
  Shopify       https://shopify.dev/changelog/length-of-the-shopify-access-token-is-increasing
  DigitalOcean  https://docs.digitalocean.com/notes/2022/api-token-format
  Heroku        https://devcenter.heroku.com/articles/oauth#prefixed-oauth-tokens
  OpenAI, Anthropic, lengths, and the vendors of OTHERS: the rule list of gitleaks at commit b58d3f1,
                https://github.com/gitleaks/gitleaks/blob/b58d3f102cf3a2c84cb7f923d05c25c9b1aed84b/config/gitleaks.toml
"""

import string
import zlib

DIGITS, LOWER, UPPER = string.digits, string.ascii_lowercase, string.ascii_uppercase
ALNUM = DIGITS + UPPER + LOWER
BASE62 = DIGITS + UPPER + LOWER
HEX = DIGITS + "abcdef"
URLSAFE = ALNUM + "-_"


def chars(r, alphabet, length):
    """So many characters of an alphabet, the last one never punctuation."""
    if length == 0:
        return ""
    return "".join(r.choice(alphabet) for _ in range(length - 1)) + r.choice([c for c in alphabet if c.isalnum()])


def with_crc(r, prefix):
    """30 characters and their CRC-32 as six base-62 digits, as GitHub and npm write them."""
    body = chars(r, ALNUM, 30)
    crc, tail = zlib.crc32(body.encode()), ""
    while crc:
        crc, digit = divmod(crc, 62)
        tail = BASE62[digit] + tail
    return prefix + body + tail.rjust(6, "0")


def uuid(r):
    """A version-4 UUID."""
    h = chars(r, HEX, 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{r.choice('89ab')}{h[17:20]}-{h[20:]}"


# vendor: ways to draw one token
VENDORS = {
    "AWS": [lambda r: "AKIA" + chars(r, UPPER + "234567", 16), lambda r: "ASIA" + chars(r, UPPER + "234567", 16)],
    "Google": [
        lambda r: "AIza" + "Sy" + chars(r, URLSAFE, 33),
        lambda r: "ya29.a0" + chars(r, URLSAFE, r.randint(90, 160)),
        lambda r: "GOCSPX-" + chars(r, URLSAFE, 28),
    ],
    "GitHub": [lambda r: with_crc(r, r.choice(["ghp_", "gho_", "ghu_", "ghs_", "ghr_"])),
        lambda r: "github_pat_" + chars(r, ALNUM, 22) + "_" + chars(r, ALNUM, 59)],
    "GitLab": [lambda r: r.choice(["glpat-", "gldt-", "glrt-", "glft-", "glsoat-", "glffct-"]) + chars(r, URLSAFE,
        20), lambda r: "gloas-" + chars(r, HEX, 64), lambda r: "glptt-" + chars(r, HEX, 40)],
    "Slack": [
        lambda r: f"xoxb-{chars(r, DIGITS, 12)}-{chars(r, DIGITS, 13)}-{chars(r, ALNUM, 24)}",
        lambda r: f"xoxp-{chars(r, DIGITS, 12)}-{chars(r, DIGITS, 12)}-{chars(r, DIGITS, 13)}-{chars(r, HEX, 32)}",
        lambda r: f"xapp-1-A{chars(r, DIGITS + UPPER, 10)}-{chars(r, DIGITS, 13)}-{chars(r, HEX, 64)}",
    ],
    "Stripe": [lambda r: r.choice(["sk_live_", "sk_test_", "rk_live_", "rk_test_"]) + chars(r, ALNUM,
        r.choice([24, 99])), lambda r: "whsec_" + chars(r, ALNUM, 32)],
    "npm": [lambda r: with_crc(r, "npm_")],
    "SendGrid": [lambda r: f"SG.{chars(r, URLSAFE, 22)}.{chars(r, URLSAFE, 43)}"],
    "Twilio": [lambda r: "SK" + chars(r, HEX, 32)],
    "OpenAI": [
        lambda r: f"sk-{chars(r, ALNUM, 20)}T3BlbkFJ{chars(r, ALNUM, 20)}",
        lambda r: f"sk-{r.choice(['proj', 'svcacct', 'admin'])}-{chars(r, URLSAFE, 74)}T3BlbkFJ{chars(r, URLSAFE, 74)}",
    ],
    "Anthropic": [lambda r: f"sk-ant-{r.choice(['api03', 'admin01'])}-{chars(r, URLSAFE, 93)}AA"],
    "Shopify": [lambda r: r.choice(["shpat_", "shpca_", "shppa_", "shpss_"]) + chars(r, HEX, 32)],
    "DigitalOcean": [lambda r: r.choice(["dop_v1_", "doo_v1_", "dor_v1_"]) + chars(r, HEX, 64)],
    "Heroku": [lambda r: "HRKU-" + uuid(r), lambda r: "HRKU-AA" + chars(r, URLSAFE, 58)],
}

# Vendors that the scrubber's own list does not name; to be counted apart.
OTHERS = {
    "Hugging Face": lambda r: "hf_" + chars(r, UPPER + LOWER, 34),
    "PyPI": lambda r: "pypi-AgEIcHlwaS5vcmc" + chars(r, URLSAFE, 120),
    "Databricks": lambda r: "dapi" + chars(r, HEX, 32),
    "Linear": lambda r: "lin_api_" + chars(r, ALNUM, 40),
    "Grafana": lambda r: f"glsa_{chars(r, ALNUM, 32)}_{chars(r, HEX, 8)}",
    "Postman": lambda r: f"PMAK-{chars(r, HEX, 24)}-{chars(r, HEX, 34)}",
}


def vendor_token(r, vendor):
    """One token of a vendor of VENDORS."""
    return r.choice(VENDORS[vendor])(r)


def opaque(r):
    """An OAuth 2.0 bearer token without a known prefix (RFC 6750, section 2.1)."""
    style = r.randrange(4)
    if style == 0:
        return chars(r, HEX, r.choice([32, 40, 64]))
    if style == 1:
        return chars(r, URLSAFE, r.randint(24, 86))
    if style == 2:
        return chars(r, ALNUM + "+/", 43) + "="
    return chars(r, ALNUM, r.randint(20, 48))
