"""[minify] and [references]: what holds for which files. Globs are over logical paths; the first match counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from assetbuild.checker import Checker, type_name
from assetbuild.errors import did_you_mean
from assetbuild.globs import matcher
from assetbuild.model import Format, Kind, Language, format_of
from assetbuild.named import NamedTuple

Policy = Literal["error", "warn", "ignore"]
POLICIES: tuple[str, ...] = get_args(Policy)
KINDS: tuple[str, ...] = get_args(Kind)
ALL_KINDS = "*"
# Of these a policy for all kinds makes a warning at most; named by itself, such a kind can be an error. A missing map
# harms no visitor. What importScripts() names is resolved against the worker's own script, and what a custom property
# names against the style sheet whose var() uses it: these need not be the files that hold the URL.
AT_MOST_WARN = frozenset({"source-map", "js-import-scripts", "css-custom-property"})

MINIFIERS: Mapping[str, tuple[str, ...]] = {
    "js": ("jsmin", "rjsmin", "esbuild"),
    "css": ("cssmin", "rcssmin", "esbuild", "lightningcss"),
}
TRUSTED = frozenset({"esbuild", "lightningcss"})  # they restructure: their output must parse, and is taken on trust
DEFAULT_MINIFIERS: Mapping[str, tuple[str, ...]] = {"js": ("rjsmin",), "css": ("rcssmin",)}


class MinifyOptions(NamedTuple):
    """What a minifier is told. `keep`: comments that begin with `/*!` stay. `esbuild`: its binary; None: the one in
    node_modules/.bin of `base_dir` or above it, else on PATH. `source_maps`: a trusted tool makes a map even where the
    source has none. `timeout`: seconds for one run of a program."""

    keep: bool = True
    esbuild: Path | None = None
    base_dir: Path = Path()
    source_maps: bool = False
    timeout: int = 60


class Minifying(NamedTuple):
    """How the files of one glob are minified: tools in the order in which they are tried."""

    js: tuple[str, ...] = DEFAULT_MINIFIERS["js"]
    css: tuple[str, ...] = DEFAULT_MINIFIERS["css"]
    options: MinifyOptions = MinifyOptions()

    def tools(self, language: Language) -> tuple[str, ...]:
        return self.js if language == "js" else self.css


OFF = Minifying((), ())


class References(NamedTuple):
    """`missing` has for each glob a policy by kind, ALL_KINDS for those not named. `external` are prefixes: of URLs if
    they start with `/` or a scheme, else of logical paths. `webmanifest` are globs of JSON files that are read as web
    app manifests."""

    missing: tuple[tuple[str, Mapping[str, Policy]], ...] = (("**", {ALL_KINDS: "error"}),)
    external: tuple[str, ...] = ()
    webmanifest: tuple[str, ...] = ()

    def policy(self, holder: str, kind: Kind) -> Policy:
        """What a missing reference of `kind` in the asset `holder` means."""
        for glob, policies in self.missing:
            if (kind in policies or ALL_KINDS in policies) and matcher((glob,))(holder):
                return policies[kind] if kind in policies else _capped(policies[ALL_KINDS], kind)
        return _capped("error", kind)

    def is_external(self, url_path: str, target: str | None) -> bool:
        """Whether the user says that a URL, whose path is `url_path` and which names `target`, is none of ours."""
        return any(
            url_path.startswith(prefix) if prefix.startswith("/") else (target or "").startswith(prefix)
            for prefix in self.external
        )

    def format_of(self, path: str) -> Format | None:
        """What is to be found in `path`; None for what is not looked into."""
        found = format_of(path)
        if found is None and self.webmanifest and matcher(self.webmanifest)(path):
            return "webmanifest"
        return found


def _capped(policy: Policy, kind: str) -> Policy:
    return "warn" if policy == "error" and kind in AT_MOST_WARN else policy


def parse_minify(
    table: Mapping[str, Any], base_dir: Path, timeout: int, check: Checker
) -> tuple[tuple[str, Minifying], ...]:
    """[minify], by glob: what `skip` and `overrides` say, then what holds for all other files."""
    minify = check.table(table, "minify", ("js", "css", "keep", "skip", "source_maps", "esbuild", "overrides"))
    binary = check.string(minify, "esbuild", "", " in [minify]")
    options = MinifyOptions(esbuild=base_dir / binary if binary else None, base_dir=base_dir, timeout=timeout)
    rest = _minifying(minify, Minifying(options=options), "[minify]", check)
    rules = [(glob, OFF) for glob in check.strings(minify, "skip", " in [minify]")]
    overrides = minify.get("overrides", {})
    if not isinstance(overrides, dict):
        check.wrong(f"'overrides' in [minify] is to be a table of glob = table, not {type_name(overrides)}")
        overrides = {}
    for glob, override in overrides.items():
        section = f'[minify.overrides."{glob}"]'
        if not isinstance(override, dict):
            check.wrong(f"{section} is to be a table, not {type_name(override)}")
            continue
        check.keys(override, section, ("js", "css", "keep", "source_maps"))
        rules.append((glob, _minifying(override, rest, section, check)))
    return (*rules, ("**", rest))


def _minifying(table: Mapping[str, Any], base: Minifying, section: str, check: Checker) -> Minifying:
    options = base.options._replace(
        keep=_boolean(table, "keep", base.options.keep, section, check),
        source_maps=_boolean(table, "source_maps", base.options.source_maps, section, check),
    )
    js = _minifiers(table, "js", base.js, section, check)
    return Minifying(js, _minifiers(table, "css", base.css, section, check), options)


def _minifiers(
    table: Mapping[str, Any], language: str, default: tuple[str, ...], section: str, check: Checker
) -> tuple[str, ...]:
    if language not in table:
        return default
    known = MINIFIERS[language]
    names = check.strings(table, language, f" in {section}")
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            hint = f"did you mean '{near}'?" if near else f"known are: {', '.join(known)}"
            check.wrong(f"unknown minifier '{name}' for {language} in {section}; {hint}")
    return names


def _boolean(table: Mapping[str, Any], key: str, default: bool, section: str, check: Checker) -> bool:
    value = table.get(key, default)
    if isinstance(value, bool):
        return value
    check.wrong(f"'{key}' in {section} is to be true or false, not {type_name(value)}")
    return default


def parse_references(table: Mapping[str, Any], check: Checker) -> References:
    references = check.table(table, "references", ("missing", "external", "webmanifest"))
    external = check.strings(references, "external", " in [references]")
    if "" in external:
        check.wrong("'external' in [references] holds an empty prefix, which every URL starts with")
    return References(
        _policies(references.get("missing", "error"), check),
        external,
        check.strings(references, "webmanifest", " in [references]"),
    )


def _policies(value: object, check: Checker) -> tuple[tuple[str, Mapping[str, Policy]], ...]:
    if isinstance(value, str):
        return (("**", _by_kind(value, "", check)),)
    if not isinstance(value, dict):
        check.wrong("'missing' in [references] is a policy, or a table of glob = policy")
        return ()
    return tuple((glob, _by_kind(policy, f" for '{glob}'", check)) for glob, policy in value.items())


def _by_kind(value: object, where: str, check: Checker) -> Mapping[str, Policy]:
    policies: dict[str, Any] = value if isinstance(value, dict) else {ALL_KINDS: value}
    for kind, policy in policies.items():
        if kind != ALL_KINDS and kind not in KINDS:
            near = did_you_mean(kind, KINDS)
            hint = f"did you mean '{near}'?" if near else f"known are: {', '.join(KINDS)}"
            check.wrong(f"'missing' in [references] names the unknown kind '{kind}'{where}; {hint}")
        if policy not in POLICIES:
            known = ", ".join(POLICIES)
            check.wrong(f"'missing' in [references] says '{policy}'{where}; a policy is one of: {known}")
    return policies
