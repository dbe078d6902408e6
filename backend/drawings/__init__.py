"""An alert's evidence as drawings: laid out here once, and rendered by the page and by the exported HTML."""

from backend.drawings.alerts import drawings_of

__all__ = ["drawings_of"]
