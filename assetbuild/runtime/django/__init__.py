"""Django: `{% static %}`, form media and the admin give a release's URLs, with templates as they are.

    INSTALLED_APPS = ["assetbuild.runtime.django", ..., "django.contrib.staticfiles"]
    STORAGES["staticfiles"] = {"BACKEND": "assetbuild.runtime.django.storage.AssetBuildStorage"}
    ASSETBUILD_MANIFEST = "/app/release/manifest.json"  # or in the environment

This module imports nothing, so that settings can be read before Django is.
"""
