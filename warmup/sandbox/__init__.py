"""The whole service in one process, with an embedded store, fast time, a seeded agency and simulated bots.

It needs the service, which the client alone does not bring: `pip install "warmup[sandbox]"`.
"""

from importlib.util import find_spec

_NEEDED = ("boto3", "chalice", "chalicelib", "moto", "PIL")

if _missing := [name for name in _NEEDED if find_spec(name) is None]:
    raise ModuleNotFoundError(
        f'The sandbox is not installed ({", ".join(_missing)} missing): pip install "warmup[sandbox]"', name=_missing[0]
    )
