"""Where the application of a request has its mount: what stands before the names of its files."""

from __future__ import annotations

from typing import Generic, TypeVar

from starlette.routing import NoMatchFound

from assetbuild.runtime.format import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

Made = TypeVar("Made")
_MAX_BASES = 16  # base URLs remembered; a proxy's header may name another root path in every request


class Mounted(Generic[Made]):
    """What `make` makes of base URLs, of None for an application that has no mount called `name`."""

    def __init__(self, make: Callable[[str | None], Made], name: str) -> None:
        self._make, self._name = make, name
        # Routers cannot be hashed; the one that is kept beside what is made for it keeps its id.
        self._made: dict[tuple[int, str], tuple[Any, Made]] = {}

    def find(self, context: Mapping[str, Any]) -> Made:
        """For the request in the context of a template. Raises RuntimeError."""
        request = context.get("request")
        if request is None:
            raise RuntimeError(
                "an asset's URL needs 'request' in the context of its template; render by 'TemplateResponse',"
                " import macros 'with context', or set ASSETBUILD_BASE_URL"
            )
        scope = request.scope
        router = scope.get("router") or scope.get("app")
        root = scope.get("app_root_path", scope.get("root_path", ""))
        found = self._made.get((id(router), root))
        return found[1] if found else self._find(router, root)

    def _find(self, router: Any, root: str) -> Made:
        if len(self._made) >= _MAX_BASES:
            self._made = {}
        made = self._make(self._base_url(router, root))
        self._made[id(router), root] = (router, made)
        return made

    def _base_url(self, router: Any, root: str) -> str | None:
        try:
            url = router.url_path_for(self._name, path="")
        except (AttributeError, NoMatchFound):
            return None
        path = quote(f"{root.rstrip('/')}{url}".lstrip("/"))  # '//host' would be another origin
        return f"//{url.host}/{path}" if url.host else f"/{path}"
