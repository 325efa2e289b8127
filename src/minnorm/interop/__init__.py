"""Networks of other libraries, which are imported only where an object is theirs."""

from minnorm.interop.found import Found as Found
from minnorm.interop.models import read as read

__all__ = ["Found", "read"]
