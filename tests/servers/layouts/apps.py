"""Applications that keep codes of their own, as far as their codes go: PORT APP ACT PHONE [CODE]. Prints one word."""

import datetime
import hashlib
import json
import pickle
import sys

import redis

port, app, act, phone = int(sys.argv[1]), *sys.argv[2:5]
code = sys.argv[5] if len(sys.argv) > 5 else ""
server = redis.Redis(port=port)


class FrappeCache:
    """frappe/utils/redis_wrapper.py: what it inherits takes the raw key, what it adds puts the site before it."""

    def __init__(self, client, site="_5e5899d8398b5f7b"):
        self.client, self.site = client, site
        self.set, self.get = client.set, client.get

    def set_value(self, key, value, expires_in_sec=None):
        self.client.set(f"{self.site}|{key}", pickle.dumps(value), ex=expires_in_sec)

    def get_value(self, key):
        held = self.client.get(f"{self.site}|{key}")
        return None if held is None else pickle.loads(held)

    def delete_key(self, key):
        self.client.delete(f"{self.site}|{key}")


def compared(held):
    if held is None:
        return "none"
    return "right" if held == code else "wrong"


def frappe():
    cache, key = FrappeCache(server), f"otp:{phone}"
    if act == "issue":
        cache.set(key, code, ex=300)
    elif act == "check":
        held = cache.get(key)
        said = compared(held and held.decode())
        if said == "right":
            cache.delete_key(key)
        return said
    return "done"


def frappe_value():
    cache, key = FrappeCache(server), f"otp_login:{phone}"
    if act == "issue":
        cache.set_value(key, {"otp": code, "attempts": 0}, expires_in_sec=300)
    elif act == "issue-number":
        cache.set_value(key, {"otp": int(code), "attempts": 0}, expires_in_sec=300)
    elif act == "check":
        held = cache.get_value(key)
        return compared(held and str(held["otp"]))
    elif act == "attempts":
        return str(cache.get_value(key)["attempts"])
    return "done"


def otpgateway():
    """internal/store/redis/redis.go and cmd/otpgateway/handlers.go."""
    key = f"OTP:shop:{phone}"
    if act == "issue":
        fields = {
            "otp": code, "to": phone, "channel_description": "", "address_description": "", "extra": "{}",
            "provider": "sms", "closed": 0, "max_attempts": 5, "max_generate": 5,
        }
        with server.pipeline() as pipe:
            pipe.hset(key, mapping=fields)
            pipe.hincrby(key, "attempts", 1)
            pipe.hincrby(key, "generate", 1)
            pipe.pexpire(key, 300_000)
            pipe.execute()
    elif act == "check":
        held = {name.decode(): value.decode() for name, value in server.hgetall(key).items()}
        if not held.get("otp"):
            return "none"
        with server.pipeline() as pipe:
            pipe.hincrby(key, "attempts", 1)
            pipe.ttl(key)
            attempts, _ = pipe.execute()
        if attempts > int(held["max_attempts"]):
            return "locked"
        return compared(held["otp"])
    elif act == "close":
        server.delete(key)
        server.hset(key, "closed", 1)
    return "done"


def django():
    from django.conf import settings

    backend = "django.core.cache.backends.redis.RedisCache"
    settings.configure(
        SECRET_KEY="django-insecure-of-the-tests",
        CACHES={"default": {"BACKEND": backend, "LOCATION": f"redis://127.0.0.1:{port}/0"}},
    )
    from django.core.cache import cache

    own = hashlib.sha256(f"{phone}:{code}:{settings.SECRET_KEY}".encode()).hexdigest()
    if act == "issue":
        cache.set(f"otp:hash:{phone}", own, 300)
        cache.set(f"otp:attempts:{phone}", 0, 300)
    elif act == "check":
        held = cache.get(f"otp:hash:{phone}")
        return "none" if held is None else ("right" if held == own else "wrong")
    elif act == "attempts":
        return str(cache.get(f"otp:attempts:{phone}"))
    elif act == "guess":
        return str(cache.incr(f"otp:attempts:{phone}"))
    return "done"


def hashed():
    import bcrypt

    key = f"account_phone_otp:{phone}"
    if act == "issue":
        server.set(key, bcrypt.hashpw(code.encode(), bcrypt.gensalt(5)), ex=300)
    elif act == "check":
        held = server.get(key)
        return "none" if held is None else ("right" if bcrypt.checkpw(code.encode(), held) else "wrong")
    return "done"


def hashed_under():
    """The same hash under another name of bcrypt's: $2a$, $2b$ or $2y$, as PHP, Go and Java write it."""
    import bcrypt

    kept = bcrypt.hashpw(code.encode(), bcrypt.gensalt(4)).decode()
    server.set(f"otp:{phone}", f"${act}${kept[4:]}", ex=300)
    return "done"


def python():
    """A value of Python's own, CODE, kept in one of the usual ways."""
    import time

    key, value = f"otp:{phone}", eval(code, {"time": time, "datetime": datetime})
    server.delete(key)
    if act == "hash":
        server.hset(key, mapping=value)
        server.expire(key, 300)
    else:
        server.set(key, pickle.dumps(value) if act == "pickle" else json.dumps(value), ex=300)
    return "done"


def authgear():
    """pkg/lib/authn/otp: a code as JSON, failed attempts beside it."""
    key = f"app:accounts:otp-code:oob-otp:{phone}"
    if act == "issue":
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
        held = {
            "target": phone, "purpose": "oob-otp", "form": "code", "code": code, "consumed": False,
            "expire_at": end.isoformat().replace("+00:00", "Z"), "user_id": "u_1",
        }
        server.setex(key, 300, json.dumps(held))
    elif act == "guess":
        failed = f"app:accounts:failed-attempts:oob-otp:{phone}"
        server.incr(failed)
        server.expire(failed, 300)
    elif act == "lock":
        account = "app:accounts:lockout:AccountAuthentication:u_1"
        server.hset(account, mapping={"total": 9, "198.51.100.7": 9})
        server.expire(account, 3600)
        server.set(account + ":lock:global", 1_999_999_999, ex=3600)
    elif act == "locked":
        account = "app:accounts:lockout:AccountAuthentication:u_1"
        return str(server.exists(account, account + ":lock:global"))
    elif act == "check":
        held = server.get(key)
        return "none" if held is None else compared(json.loads(held)["code"])
    return "done"


def privacyidea(family="pi:challenge:v1:"):
    """privacyidea/lib/cache/redis.py of 3.14: a challenge is made, answered and removed. CODE is its transaction.

    The package is not installed for it: 95 MB, and it needs a database and an encryption key before it imports this
    module. That both write the same was seen with MONITOR."""
    serial, other, now = "PISM0001", "PIPU0002", datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    key, index = f"{family}txn:{code}", f"{family}serial:{serial}"

    def write(token, challenge):
        left = datetime.datetime.fromisoformat(challenge["expiration"]) - now
        life = int(left.total_seconds()) + 30
        with server.pipeline() as pipe:
            pipe.hset(key, token, json.dumps(challenge))
            for name, member in [(key, None), (f"{family}serial:{token}", code)]:
                if member:
                    pipe.sadd(name, member)
                pipe.expire(name, life, nx=True)
                pipe.expire(name, life, gt=True)
            pipe.execute()

    def make(token, validity):
        write(token, {
            "transaction_id": code, "serial": token, "challenge": "SECRET-NONCE", "data": "5e:SECRET-CIPHER",
            "session": "", "timestamp": now.isoformat(),
            "expiration": (now + datetime.timedelta(seconds=validity)).isoformat(),
            "received_count": 0, "otp_valid": False,
        })

    def change(**changes):
        write(serial, {**json.loads(server.hget(key, serial)), **changes})

    def answer(is_right):
        tries = json.loads(server.hget(key, serial))["received_count"] + 1
        change(received_count=tries, otp_valid=is_right)

    if act == "issue":
        make(serial, 120)
    elif act == "issue-brief":
        make(serial, 1)
    elif act == "issue-both":
        make(serial, 120)
        make(other, 300)
    elif act == "wrong":
        answer(False)
    elif act == "right":
        answer(True)
    elif act == "decline":
        change(session="challenge_declined")
    elif act == "cancel":
        server.delete(key)
        server.srem(index, code)
    return "done"


def privacyidea_next():
    """The source after 3.14, which has no version in its names."""
    return privacyidea("pi:challenge:")


print(globals()[app]())
