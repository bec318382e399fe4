"""Themes of a model: what its accounts and items may be about."""

from collections.abc import Collection

from chalicelib.domain.errors import InvalidInput


def require(theme: object, model_id: str, declared: Collection[str] | None) -> None:
    """Raises InvalidInput for a theme that the model does not declare; None stands for none."""
    if theme is not None and theme not in (declared or ()):
        detail = f"the model {model_id} declares no theme {theme!r}"
        raise InvalidInput([{"pointer": "/theme", "detail": detail}])
