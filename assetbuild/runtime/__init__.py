"""What a web process needs of a release: its manifest, read once, and URLs from a dict.

    from assetbuild.runtime import Manifest, Tags

    assets = Manifest.load()  # the file that ASSETBUILD_MANIFEST names
    assets.url("css/site.css")  # '/static/css/site.3f2a91c07be4d518.css'
    Tags(assets).stylesheet("css/site.css")  # '<link rel="stylesheet" href="/static/css/site..." ...>'

Standard library only. Flask and Django have their own modules beside this one, which nothing here imports.
"""

from assetbuild.runtime.manifest import Entry, Manifest, ManifestError, MissingAsset
from assetbuild.runtime.modes import PlainUrls, resolve_base_url, resolve_mode
from assetbuild.runtime.tags import Tags

__all__ = [
    "Entry",
    "Manifest",
    "ManifestError",
    "MissingAsset",
    "PlainUrls",
    "Tags",
    "resolve_base_url",
    "resolve_mode",
]
