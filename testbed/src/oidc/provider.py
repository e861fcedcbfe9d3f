"""EquipeMed's sign-in for tests: a small Django site with django-oidc-provider and EquipeMed's claims.

Usage: provider.py FOLDER. The folder has settings.json (port, client, people) and gets the database.
"""

import json
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

FOLDER = Path(sys.argv[1])


def given():
    """The settings as they are now: tests change people while it runs."""
    return json.loads((FOLDER / "settings.json").read_text())


def person(user):
    return next(entry for entry in given()["people"] if entry["username"] == user.username)


def subject(user):
    return person(user)["public_id"]


def userinfo(claims, user):
    entry = person(user)
    claims.update(
        name=f"{entry['first_name']} {entry['last_name']}",
        preferred_username=entry["email"],
        nickname=entry["username"],
        email=entry["email"],
    )
    return claims


SIGN_IN = """<form method="post">{% csrf_token %}{{ form.as_p }}<button>Entrar</button></form>"""

if not settings.configured:
    # django-oidc-provider imports what it is told from here by name.
    sys.modules["provider"] = sys.modules[__name__]
    settings.configure(
        SECRET_KEY="of-tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="provider",
        LOGIN_URL="/login/",
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oidc_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "provider.db"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        # One round: people sign in to a test.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": ["django.template.context_processors.request"],
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"registration/login.html": SIGN_IN}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            }
        ],
        SITE_URL=given()["url"],
        OIDC_USERINFO="provider.userinfo",
        OIDC_IDTOKEN_SUB_GENERATOR="provider.subject",
        OIDC_EXTRA_SCOPE_CLAIMS="provider.Claims",
        OIDC_IDTOKEN_INCLUDE_CLAIMS=True,
    )
    django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from oidc_provider.lib.claims import ScopeClaims  # noqa: E402
from oidc_provider.models import Client, ResponseType  # noqa: E402


class Claims(ScopeClaims):
    """EquipeMed's own claims, in the scope `profile`."""

    def scope_profile(self):
        entry = person(self.user)
        return {
            "eqmd_active": entry["active"],
            "eqmd_role": entry["role"],
            "matrix_localpart": entry.get("matrix_localpart"),
        }


urlpatterns = [
    path("login/", LoginView.as_view()),
    path("o/", include("oidc_provider.urls", namespace="oidc_provider")),
]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def main():
    call_command("migrate", verbosity=0)
    call_command("creatersakey")
    data = given()
    client = Client.objects.create(
        name="Synapse",
        client_id=data["client_id"],
        client_secret=data["client_secret"],
        require_consent=False,
        _redirect_uris=data["redirect_uri"],
        _scope="openid profile email",
    )
    client.response_types.add(ResponseType.objects.get(value="code"))
    for entry in data["people"]:
        User.objects.create_user(entry["username"], entry["email"], entry["password"])
    with make_server("127.0.0.1", data["port"], get_wsgi_application(), Server, Quiet) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
