"""Whether Google's library verifies a JWT, and would have made the same."""

import json
from types import SimpleNamespace
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from google.auth import exceptions, jwt
from google.oauth2 import service_account

AUTHORITY = "https://oauth2.googleapis.com/token"


class Account:
    """A service account, of which there is the key file."""

    def __init__(self, key):
        self._key = key
        private = serialization.load_pem_private_key(key["private_key"].encode(), None)
        self._public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def bearer(self, token):
        """Scope and faults of a JWT that goes along with a request."""
        return self._judge(token, None, lambda scopes: self._own_bearer(scopes))

    def exchange(self, content_type, body):
        """Scope and faults of the form that exchanges a JWT for an access token."""
        form = parse_qs(body, strict_parsing=True)
        [assertion] = form.get("assertion", [""])
        scope, faults = self._judge(assertion, self._key["token_uri"], lambda scopes: self._own_exchange(scopes)[2])
        if not faults:
            own_type, own_form, _ = self._own_exchange([scope])
            if content_type != own_type:
                faults.append(f"google-auth sends {own_type}")
            if {**form, "assertion": 1} != {**own_form, "assertion": 1}:
                faults.append(f"google-auth sends {own_form}")
        return scope, faults

    def _judge(self, token, audience, make):
        try:
            # By the key's id, as Google publishes them.
            claims = jwt.decode(token, {self._key["private_key_id"]: self._public}, audience=audience)
        except (exceptions.GoogleAuthError, ValueError) as error:
            return None, [f"google-auth refuses it: {error}"]
        scope = claims.get("scope", "")
        own = make([scope])
        faults = []
        if jwt.decode_header(token) != jwt.decode_header(own):
            faults.append(f"google-auth's header is {jwt.decode_header(own)}")
        own_claims = jwt.decode(own, verify=False)
        if own_claims.get("aud") == AUTHORITY:
            # Which google-auth says whatever the key file says. In Google's key files it is the same.
            own_claims["aud"] = self._key["token_uri"]
        if _timeless(claims) != _timeless(own_claims):
            faults.append(f"google-auth's claims are {own_claims}")
        # Its clock is ours; the tokens were made a moment ago, and back-dated a little.
        if not 0 <= own_claims["iat"] - claims["iat"] <= 60:
            faults.append(f"it was issued {own_claims['iat'] - claims['iat']} s ago")
        return scope, faults

    def _credentials(self, scopes, **options):
        return service_account.Credentials.from_service_account_info(self._key, scopes=scopes, **options)

    def _own_bearer(self, scopes):
        credentials = self._credentials(scopes, always_use_jwt_access=True)
        credentials.refresh(None)
        return credentials.token

    def _own_exchange(self, scopes):
        """Content type and form that google-auth sends, and the JWT in it."""
        sent = {}

        def request(url, method, headers, body):
            sent.update(headers=headers, form=parse_qs(body.decode()))
            return SimpleNamespace(status=200, headers={}, data=json.dumps({"access_token": "a", "expires_in": 1}))

        self._credentials(scopes).refresh(request)
        return sent["headers"]["Content-Type"], sent["form"], sent["form"]["assertion"][0]


def _timeless(claims):
    """The claims, with their lifetime in place of their times."""
    lifetime = claims["exp"] - claims["iat"]
    return {**{name: claims[name] for name in claims if name not in ("iat", "exp")}, "lifetime": lifetime}
