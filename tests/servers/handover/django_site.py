"""A Django site for the view of docs/sign-in.md, which is run as it is written: Django itself, with its users, sessions, and
its cache on a real Redis.

usage: django_site.py VIEW.py JWKS.json REDIS_PORT, with a JSON list of assertions on standard input; prints for each who is
signed in, or `refused`.
"""

import json
import sys

import django
from django.conf import settings

view_file, jwks_file, port = sys.argv[1:]
settings.configure(
    SECRET_KEY="of the tests",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    OTPCTL_JWKS=open(jwks_file).read(),
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"redis://127.0.0.1:{port}/0"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402

view = {"__name__": "django_login"}
exec(compile(open(view_file).read(), view_file, "exec"), view)
urlpatterns = [path("login", view["otp_login"])]
call_command("migrate", verbosity=0)
users = get_user_model().objects
users.create_user("asha@example.com")
users.create_user("gone@example.com", is_active=False)

answers = []
for assertion in json.load(sys.stdin):
    client = Client()
    status = client.post("/login", {"assertion": assertion}).status_code
    user = client.session.get("_auth_user_id")
    assert (status == 204) == (user is not None), (status, user)
    answers.append(users.get(pk=user).username if user else "refused")
assert Client().post("/login").status_code == 403
assert Client().get("/login").status_code == 405
# A site that posts it for somebody is stopped by Django itself.
assert Client(enforce_csrf_checks=True).post("/login", {"assertion": ""}).status_code == 403
print(json.dumps(answers))
