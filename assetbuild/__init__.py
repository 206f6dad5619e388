"""Build-stage asset pipeline: sources in, one immutable release out, and a runtime that only looks names up.

Importing this package imports nothing else. Web processes use `assetbuild.runtime`; builds use the
`assetbuild` command, which needs the extra `assetbuild[build]`.
"""

__version__ = "0.1.0"
