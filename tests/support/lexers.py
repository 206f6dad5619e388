"""es-module-lexer and acorn as the judges of what a script names. They share no code with us; Node runs them.

One process reads many sources. Both judges follow the standard, so what no engine takes yet has no verdict.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support import packages
from tests.support.packages import Package, Unavailable

LEXER = Package(
    "es-module-lexer", "3.0.5", "a445e4f01c03194fc6957f7d83d05fb091f86534bebdf0aea3799866048e212e", ("dist/",)
)
ACORN = Package("acorn", "8.19.0", "c6fad21ffa1f2ba20338bf1dde1de911c2093c1aaf7b3af17c477661bd3bfaaf", ("dist/",))

# (kind, path of the URL as the engine sees it, UTF-16 offset of its first character); in source order
Named = tuple[str, str, int]


@dataclass(frozen=True)
class Verdict:
    """What each judge found; None where it refuses the source. es-module-lexer knows no URLs and no importScripts."""

    acorn: list[Named] | None
    lexer: list[Named] | None


def judge(sources: Iterable[bytes], directory: Path) -> list[Verdict]:
    """The verdict on each source, in order. Raises Unavailable without Node, npm or network."""
    node = shutil.which("node")
    if not node:
        raise Unavailable("Node is not installed")
    modules = [str(packages.fetch(LEXER) / "dist" / "lexer.cjs"), str(packages.fetch(ACORN) / "dist" / "acorn.js")]
    script = directory / "judge.cjs"
    script.write_text(_SCRIPT, encoding="utf-8")
    asked = "\n".join(base64.b64encode(source).decode("ascii") for source in sources)
    done = subprocess.run(
        [node, str(script), *modules], input=asked, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    return [Verdict(*(found and [tuple(one) for one in found] for found in answer)) for answer in answers]


_SCRIPT = r"""
const [lexerFile, acornFile] = process.argv.slice(2);
const lexer = require(lexerFile), acorn = require(acornFile);
// A scheme of its own, so that no URL with a scheme is taken for one of ours.
const BASE = "wss://site.invalid/a/b/c/d/e.js";

function local(specifier) {
  try { return new URL(specifier, BASE).host === "site.invalid" && !/^[\0- ]*[a-z][a-z0-9+.-]*:/i.test(specifier); }
  catch { return false; }
}
const cut = text => text.split(/[?#]/, 1)[0].toWellFormed();
const isModule = text => /^(\.\.?)?\//.test(text) && local(text);
function isFile(text) {
  const path = cut(text);
  return /[^\0- ]/.test(path) && local(path) && !new URL(path, BASE).pathname.endsWith("/");
}

function byLexer(source) {
  // An engine drops the byte order mark as it decodes a file, and so must we here.
  const mark = source.startsWith("\ufeff") ? 1 : 0;
  source = source.slice(mark);
  let imports;
  try { [imports] = lexer.parse(source); } catch { return null; }
  const found = [];
  for (const one of imports) {
    if (typeof one.specifier !== "string" || one.glob || !isModule(one.specifier)) continue;
    const statement = source.startsWith("export", one.importStart) ? "js-export" : "js-import";
    const dynamic = one.type === "dynamic";
    found.push([dynamic ? "js-dynamic-import" : statement, cut(one.specifier), mark + one.start + dynamic]);
  }
  return found;
}

function parsed(source) {
  for (const sourceType of ["module", "script"])
    try {
      return acorn.parse(source, {sourceType, ecmaVersion: "latest", allowReturnOutsideFunction: true,
        allowHashBang: true, allowImportExportEverywhere: false});
    } catch {}
  return null;
}

function byAcorn(source) {
  const tree = parsed(source);
  if (!tree) return null;
  const found = [], workers = new Set();
  const global = node => node.type === "Identifier" ? node.name
    : node.type === "MemberExpression" && !node.computed && /^(self|window|globalThis)$/.test(node.object.name)
      ? node.property.name : "";
  const literal = (kind, node, wanted) => {
    if (!node) return;
    if (node.type === "ConditionalExpression") {
      literal(kind, node.consequent, wanted);
      literal(kind, node.alternate, wanted);
    }
    let value;
    if (node.type === "Literal" && typeof node.value === "string") value = node.value;
    if (node.type === "TemplateLiteral" && !node.expressions.length) value = node.quasis[0].value.cooked;
    if (value !== undefined && wanted(value)) found.push([kind, cut(value), node.start + 1]);
  };
  const stack = [tree];
  while (stack.length) {
    const node = stack.pop();
    if (node.type === "ImportDeclaration") literal("js-import", node.source, isModule);
    if (node.type === "ExportNamedDeclaration" || node.type === "ExportAllDeclaration")
      literal("js-export", node.source, isModule);
    if (node.type === "ImportExpression") literal("js-dynamic-import", node.source, isModule);
    if (node.type === "CallExpression" && global(node.callee) === "importScripts")
      for (const one of node.arguments) literal("js-import-scripts", one, isFile);
    if (node.type === "NewExpression") {
      const name = global(node.callee), [url, base] = node.arguments;
      if (url && /^(Shared)?Worker$/.test(name)) workers.add(url);
      if (name === "URL" && base && base.type === "MemberExpression" && !base.computed && base.property.name === "url"
          && base.object.type === "MetaProperty" && base.object.meta.name === "import")
        literal(workers.has(node) ? "js-worker" : "js-url", url, isFile);
    }
    for (const key in node) {
      const value = node[key];
      for (const one of Array.isArray(value) ? value : [value])
        if (one && typeof one.type === "string") stack.push(one);
    }
  }
  return found.sort((a, b) => a[2] - b[2]);
}

lexer.init().then(() => {
  const asked = require("fs").readFileSync(0, "ascii");
  const answers = asked.split("\n").map(line => {
    const source = Buffer.from(line, "base64").toString("utf8");
    return [byAcorn(source), byLexer(source)];
  });
  process.stdout.write(JSON.stringify(answers));
});
"""
