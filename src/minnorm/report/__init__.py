"""Reports of studies: tables, figures and a self-contained page; drawn by what is imported when it is asked for."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
