"""What the disk says of a write that failed -> what to tell, and what to do about it."""

from __future__ import annotations

import errno
import os

from assetbuild.config import Config
from assetbuild.errors import ReleaseError

_FIXES = {
    errno.ENOSPC: "free some space, or choose another place with --output",
    errno.EDQUOT: "free some of your quota, or choose another place with --output",
    errno.EFBIG: "raise the limit on the size of files, or choose another place with --output",
    errno.EROFS: "choose a place that can be written with --output",
    errno.EACCES: "choose a place that can be written with --output",
    errno.EPERM: "choose a place that can be written with --output",
}


def disk_error(error: OSError, config: Config) -> ReleaseError:
    return ReleaseError(
        f"the release could not be written: {(error.strerror or str(error)).lower()}; what stood before is untouched",
        where=config.shown(config.output_dir),
        fix=_FIXES.get(error.errno or 0),
        notes=(f"file: {os.fsdecode(error.filename)}",) if error.filename else (),
    )
