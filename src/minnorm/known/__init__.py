"""Minimum-norm interpolants that are known exactly."""

from minnorm.known.line import line as line
from minnorm.known.radial import RadialBump as RadialBump
from minnorm.known.radial import RadialCertificate as RadialCertificate
from minnorm.known.radial import RadialMeasure as RadialMeasure
from minnorm.known.radial import radial_bump as radial_bump

__all__ = ["RadialBump", "RadialCertificate", "RadialMeasure", "line", "radial_bump"]
