"""Makes assertions that no application may take: what an attacker has is the public key, and an assertion for another one.

usage: forge.py KEY.pem JWKS.json AUDIENCE ISSUER USER; prints a JSON object of names and assertions. The private key is only
used for what otpctl would never sign.
"""

import base64
import hashlib
import hmac
import json
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

key_file, jwks_file, audience, issuer, user = sys.argv[1:]
key = load_pem_private_key(open(key_file, "rb").read(), None)
jwks = json.load(open(jwks_file))
kid = jwks["keys"][0]["kid"]
now = int(time.time())
good = {"iss": issuer, "sub": user, "aud": audience, "iat": now, "exp": now + 60, "jti": "as_forged"}
public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
public_raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def part(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims, by=key, algorithm="EdDSA", **header):
    return jwt.encode(claims, by, algorithm=algorithm, headers={"kid": kid, **header})


def by_secret(secret):
    """As a library signs that takes any bytes for a password; PyJWT itself refuses a public key."""
    text = f"{part({'typ': 'JWT', 'alg': 'HS256', 'kid': kid})}.{part(good)}"
    return f"{text}.{part(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def without(name):
    return {claim: value for claim, value in good.items() if claim != name}


unsigned = f"{part({'typ': 'JWT', 'alg': 'none', 'kid': kid})}.{part(good)}."
header, payload, signature = signed(good).split(".")
forged = {
    "wrong audience": signed({**good, "aud": "shop.example.com"}),
    "wrong issuer": signed({**good, "iss": "https://evil.example.com"}),
    "expired": signed({**good, "iat": now - 600, "exp": now - 540}),
    "made in the future": signed({**good, "nbf": now + 600, "iat": now + 600, "exp": now + 660}),
    "another user": signed({**good, "sub": "nobody@example.com"}),
    "a disabled user": signed({**good, "sub": "gone@example.com"}),
    "alg none": unsigned,
    "alg None": unsigned.replace(part({"typ": "JWT", "alg": "none", "kid": kid}), part({"typ": "JWT", "alg": "None", "kid": kid})),
    "HS256 with the public key as PEM": by_secret(public_pem),
    "HS256 with the public key as bytes": by_secret(public_raw),
    "HS256 with the public key as JWK": by_secret(json.dumps(jwks["keys"][0]).encode()),
    "another key": signed(good, Ed25519PrivateKey.generate()),
    "another kind of key": signed(good, generate_private_key(SECP256R1()), "ES256"),
    "a key in the header": signed(good, Ed25519PrivateKey.generate(), jwk=jwks["keys"][0]),
    "an unknown kid": signed(good, kid="nosuch"),
    "no signature": f"{header}.{payload}.",
    "another payload": f"{header}.{part({**good, 'sub': 'admin@example.com'})}.{signature}",
    "no jti": signed(without("jti")),
    "no sub": signed(without("sub")),
    "no exp": signed(without("exp")),
    "no aud": signed(without("aud")),
    "nothing": "",
    "no JWT": "a.b",
}
print(json.dumps(forged))
