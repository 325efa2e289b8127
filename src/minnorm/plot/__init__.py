"""Figures: functions that draw in matplotlib axes, and return them."""

from minnorm.plot.course import draw_band as draw_band
from minnorm.plot.course import plot_excess as plot_excess
from minnorm.plot.course import plot_gap as plot_gap
from minnorm.plot.course import plot_path as plot_path
from minnorm.plot.course import plot_trajectories as plot_trajectories
from minnorm.plot.denoiser import denoiser_figure as denoiser_figure
from minnorm.plot.denoiser import plot_denoiser as plot_denoiser
from minnorm.plot.denoiser import plot_denoiser_plane as plot_denoiser_plane
from minnorm.plot.line import line_figure as line_figure
from minnorm.plot.line import mark_knots as mark_knots
from minnorm.plot.line import plot_certificate as plot_certificate
from minnorm.plot.line import plot_line as plot_line
from minnorm.plot.parts import plot_parts as plot_parts
from minnorm.plot.plane import plot_plane as plot_plane
from minnorm.plot.radial import plot_radial as plot_radial
from minnorm.plot.radial import plot_radial_certificate as plot_radial_certificate
from minnorm.plot.radial import plot_radial_measure as plot_radial_measure
from minnorm.plot.radial import radial_figure as radial_figure
from minnorm.plot.ridge import plot_ridge as plot_ridge
from minnorm.plot.ridge import ridge_figure as ridge_figure
from minnorm.plot.style import Palette as Palette
from minnorm.plot.style import new_figure as new_figure
from minnorm.plot.style import palette as palette
from minnorm.plot.style import plot_style as plot_style
from minnorm.plot.style import round_ticks as round_ticks
from minnorm.plot.style import save as save
