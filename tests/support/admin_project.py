"""A Django project with an admin that uses all of its widgets: files, by their paths below the project's directory.

It has no assetbuild.toml: `assetbuild init --django` is to write that.
"""

from __future__ import annotations

SETTINGS = """
import os
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent.parent
RELEASE = Path(os.environ["RELEASE"]) if "RELEASE" in os.environ else BASE_DIR / "release"
SECRET_KEY = "for tests alone"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "site_of_books.urls"
WSGI_APPLICATION = "site_of_books.wsgi.application"
USE_TZ = True
INSTALLED_APPS = [
    "assetbuild.runtime.django", "library", "django.contrib.admin", "django.contrib.auth",
    "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "site_of_books.policy.strict",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [BASE_DIR / "templates"],
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
STATIC_ROOT = RELEASE / "files"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "assetbuild.runtime.django.storage.AssetBuildStorage"},
}
ASSETBUILD_MANIFEST = RELEASE / "manifest.json"
"""

# Like django-csp: a nonce that is made when it is asked for. Scripts run by it alone, style sheets are our own.
POLICY = """
import secrets
from django.utils.functional import SimpleLazyObject

def strict(get_response):
    def middleware(request):
        request.csp_nonce = SimpleLazyObject(lambda: secrets.token_urlsafe(16))
        response = get_response(request)
        scripts = f"'nonce-{request.csp_nonce}'" if request.path == "/" else "'self'"
        response["Content-Security-Policy"] = f"default-src 'self'; script-src {scripts}; base-uri 'none'"
        return response
    return middleware
"""

MODELS = """
from django.db import models

class Author(models.Model):
    name = models.CharField(max_length=50)
    def __str__(self): return self.name

class Topic(models.Model):
    name = models.CharField(max_length=50)
    def __str__(self): return self.name

class Book(models.Model):
    title = models.CharField(max_length=50)
    slug = models.SlugField()
    author = models.ForeignKey(Author, models.CASCADE, related_name="+")
    editor = models.ForeignKey(Author, models.CASCADE, related_name="+", blank=True, null=True)
    reader = models.ForeignKey(Author, models.CASCADE, related_name="+", blank=True, null=True)
    topics = models.ManyToManyField(Topic, blank=True)
    printed = models.DateField(null=True)
    sold = models.DateTimeField(null=True, blank=True)
    good = models.BooleanField(default=True)
    def __str__(self): return self.title

class Chapter(models.Model):
    book = models.ForeignKey(Book, models.CASCADE)
    title = models.CharField(max_length=50)
    written = models.DateField(null=True, blank=True)
"""

ADMIN = """
from django.contrib import admin
from library.models import Author, Book, Chapter, Topic

class ChapterInline(admin.TabularInline):
    model = Chapter
    extra = 1

@admin.register(Author, Topic)
class NamedAdmin(admin.ModelAdmin):
    search_fields = ["name"]

@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    autocomplete_fields = ["author"]
    raw_id_fields = ["reader"]
    filter_horizontal = ["topics"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [ChapterInline]
    list_display = ["title", "author", "printed", "good"]
    list_editable = ["good"]
    list_filter = ["good", "printed", "author"]
    search_fields = ["title"]
    date_hierarchy = "printed"
    fieldsets = [(None, {"fields": ["title", "slug", "author", "editor", "reader", "topics"]}),
                 ("Dates", {"classes": ["collapse"], "fields": ["printed", "sold", "good"]})]
    class Media:
        css = {"all": ["css/admin-extra.css"]}
        js = ["js/admin-extra.js"]
"""

URLS = """
from django.contrib import admin
from django.http import HttpResponse
from django.urls import path
from django.views.generic import TemplateView

urlpatterns = [
    path("", TemplateView.as_view(template_name="home.html")),
    path("admin/", admin.site.urls),
    path("favicon.ico", lambda request: HttpResponse(status=204)),
]
"""

HOME = """<!doctype html>{% load assetbuild %}<title>Books</title>
{% asset_style "css/site.css" %}
{% asset_importmap "js/app.js" %}
{% asset_preload "js/classic.js" %}
{% asset_modulepreload "js/app.js" %}
{% asset_script "js/app.js" module=True %}
{% asset_script "js/classic.js" defer=True %}
<p id="said"></p><p id="classic"></p>
"""

DATA = """
import datetime
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from library.models import Author, Book, Topic
call_command("migrate", verbosity=0, run_syncdb=True)
User.objects.create_superuser("admin", password="admin")
authors = [Author.objects.create(name=f"Author {number}") for number in range(5)]
for name in ("Tides", "Knots"):
    Topic.objects.create(name=name)
for number in range(3):
    date = datetime.date(2020 + number, 1, 15)
    Book.objects.create(title=f"Book {number}", slug=f"book-{number}", author=authors[number], printed=date)
"""

FILES = {
    "manage.py": (
        "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_of_books.settings')\n"
        "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n"
    ),
    "site_of_books/__init__.py": "",
    "site_of_books/settings.py": SETTINGS,
    "site_of_books/policy.py": POLICY,
    "site_of_books/urls.py": URLS,
    "site_of_books/wsgi.py": "from django.core.wsgi import get_wsgi_application as get\napplication = get()\n",
    "library/__init__.py": "",
    "library/models.py": MODELS,
    "library/admin.py": ADMIN,
    "library/static/css/admin-extra.css": "#header { background-image: url(../img/wave.svg) }",
    "library/static/img/wave.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "library/static/js/admin-extra.js": "window.extra = true;",
    "templates/home.html": HOME,
    "static/css/site.css": "p { color: rgb(1, 2, 3) }",
    "static/js/app.js": "import { say } from './say.js';\ndocument.querySelector('#said').textContent = say();",
    "static/js/say.js": "export const say = () => 'said';",
    "static/js/classic.js": "document.querySelector('#classic').textContent = 'classic';",
    # Stands before the admin's own: what a project overrides is what the release has.
    "static/admin/img/icon-yes.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="13" height="13"/>',
    "data.py": DATA,
}
