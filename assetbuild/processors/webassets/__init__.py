"""Bundles -> one text each, by webassets in memory: none of its caches, versions, manifests or output files.

The only importer of webassets; importing this package costs what that costs, so import it where it is needed.
"""

from assetbuild.processors.webassets.build import Bundled, build_bundle
from assetbuild.processors.webassets.load import Bundle, load_bundles

__all__ = ["Bundle", "Bundled", "build_bundle", "load_bundles"]
