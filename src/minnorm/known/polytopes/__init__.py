"""Minimum-norm interpolants of labels at the vertices of simplexes, cross-polytopes and regular polygons."""
