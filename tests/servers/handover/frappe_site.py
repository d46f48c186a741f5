"""A Frappe site for the method of docs/sign-in.md, which is run as it is written.

PyPI has no Frappe, only a placeholder. So `frappe` is made here of those names that the method uses, as frappe/auth.py and
frappe/__init__.py have them: `LoginManager.login_as(user)` of the request, `conf`, `cache()` (a subclass of redis-py's client,
here that client on a real Redis), `db.get_value` with filters, `throw`, `whitelist`. PyJWT, which Frappe brings, is real.

usage: frappe_site.py METHOD.py JWKS.json REDIS_PORT, with a JSON list of assertions on standard input; prints for each who is
signed in, or `refused`.
"""

import json
import sys
import types

import redis

method_file, jwks_file, port = sys.argv[1:]
USERS = {"asha@example.com": 1, "gone@example.com": 0}

frappe = types.ModuleType("frappe")


class AuthenticationError(Exception):
    http_status_code = 401


class LoginManager:
    def __init__(self):
        self.user = "Guest"

    def login_as(self, user):
        self.user = user


class Database:
    def get_value(self, doctype, filters, fieldname="name"):
        assert doctype == "User" and fieldname == "name"
        found = [name for name, enabled in USERS.items() if {"name": name, "enabled": enabled} == filters]
        return found[0] if found else None


def throw(message, exception):
    raise exception(message)


def whitelist(allow_guest=False, methods=None):
    assert allow_guest and methods == ["POST"], "a guest calls it, and no link in a mail does"
    return lambda function: function


client = redis.Redis(port=int(port))
frappe.AuthenticationError = AuthenticationError
frappe.conf = types.SimpleNamespace(otpctl_jwks=json.load(open(jwks_file)))
frappe.cache = lambda: client
frappe.db = Database()
frappe.local = types.SimpleNamespace()
frappe.throw, frappe.whitelist = throw, whitelist
sys.modules["frappe"] = frappe

method = {"__name__": "frappe_login"}
exec(compile(open(method_file).read(), method_file, "exec"), method)
answers = []
for assertion in json.load(sys.stdin):
    frappe.local.login_manager = LoginManager()
    try:
        method["login"](assertion)
        answers.append(frappe.local.login_manager.user)
    except AuthenticationError:
        assert frappe.local.login_manager.user == "Guest"
        answers.append("refused")
print(json.dumps(answers))
