"""The words of docs/performance.md: what each scenario is, and how it was measured."""

from __future__ import annotations

from benchmarks.run import LONG, SHORT, TURNS

OURS = {
    "cold": "**assetbuild**, cold: rewrite and fingerprint",
    "cold-uncached": "assetbuild, the same with `--no-cache`",
    "minify": "**assetbuild**, cold, with verified minifying",
    "cached": "assetbuild, minified, nothing built, the cache there",
    "elsewhere": "assetbuild, minified, another checkout, the cache copied there",
    "noop": "**assetbuild**, minified, nothing changed",
    "leaf": "assetbuild, minified, one changed script that nothing names",
    "hub": "assetbuild, minified, one changed image that 1,000 style sheets name",
    "brotli": "**assetbuild**, cold, minified, brotli 11 and gzip 12",
    "brotli-noop": "assetbuild, the same, nothing changed",
    "brotli-elsewhere": "assetbuild, the same, another checkout, the cache copied there",
}
PEERS = {
    "django-plain": "Django, collectstatic, plain: copies",
    "django-plain-again": "Django, plain, nothing changed",
    "django-manifest": "Django, manifest storage: rewrites and fingerprints",
    "django-manifest-again": "Django, manifest storage, nothing changed",
    "whitenoise": "WhiteNoise, compressed manifest: brotli 11 and gzip 9",
    "webassets": "webassets, rcssmin and rjsmin, CSS and JS only",
    "webassets-again": "webassets, nothing changed",
    "sprockets": "Sprockets: fingerprints",
    "sprockets-again": "Sprockets, nothing changed",
    "esbuild": "esbuild, minifies CSS and JS, a process for each file, on all cores",
    "esbuild-at-once": "esbuild, minifies CSS and JS, one process",
}
FLOORS = {
    "python": "floor: Python starts and ends",
    "walk": "floor: Python starts, walks the tree with stat",
    "click": "floor: Python starts, imports click, walks the tree with stat",
    "hash": "floor: Python reads all and takes SHA-256",
    "copy": "floor: `cp -r`",
    "compress": "floor: brotli 11 and gzip 12 of the same outputs alone, on all cores",
}

OPENING = """
# Performance

How fast is a build, beside other tools and beside what the machine itself takes to read, hash and copy the same files?
`make bench` measured it on real packages, and this page is what it wrote; the numbers are not edited.
"""

AGAINST = """
What is claimed, against what was measured: times are medians of wall time unless the line says otherwise; *3,000 files*
is the first corpus below, *large* the second. Propshaft, of Rails, is not among the packages that this run installs;
Sprockets stands for that world.
"""

HOW = f"""
## How it was measured

- **Corpora.** The first is the static folders of 17 packages of Django's world, merged as collectstatic merges them;
  the second is 15 npm packages as they are published, most of them ES modules that name each other. Versions and
  SHA-256 are in `benchmarks/django.toml` and `benchmarks/large.toml`. Each is one root; references to files that the
  packages do not publish are ignored (`missing = "ignore"`).
- **Side by side.** Every command is a new process, as a user starts it. The scenarios of a corpus take turns, round
  after round, and the tables show medians. What takes less than {SHORT} seconds takes {TURNS} turns in each round, what
  takes longer than {LONG} is run once. WhiteNoise has no cache that its next run could use, so it is not run again.
- **Warm.** All files are read once before, and nothing is dropped from the system's file cache: the disk's own speed
  is not measured. Before each run the results of the last are moved aside (deleting thousands of files would slow
  down the next tool) and everything is written out (`sync`), outside of the measured time.
- **Time.** Wall time, and the CPU time of the process with all that it started, as the system reports them when it
  ends. **Memory.** The peak of the largest process by the same report; *all together* is the sum over all processes at
  one time, shared pages counted once (PSS), looked at every 20 ms in a run of its own, which gives no times.
- **Cold** is an empty cache and no output. *Another checkout* is a copy of the tree at another path with times of its
  own, the cache copied likewise, and no output: what CI has that restores a cache.
- **Django and WhiteNoise** stop at the first reference to a file that is missing, and real packages have hundreds. Here
  their storages leave such a reference as it is (`hashed_name` answers the name itself, `manifest_strict = False`).
  Imports in JavaScript are rewritten by assetbuild and, as its default is, not by Django.
- **webassets** is given each style sheet and script as a bundle of its own, with `rcssmin` or `rjsmin`; it neither
  rewrites references here nor touches other files. **esbuild** is given the files that assetbuild's minifiers are
  given: not those that are minified already. What it cannot parse it leaves out. Neither of them proves what it made.
- **Sprockets** leaves out what it would have to compile, and files whose comments tell it to include what is not there.

To run it again: `make bench`; `python -m benchmarks --quick` in some minutes. It needs npm for packages, and Ruby with
Sprockets if they are to take part.
"""
