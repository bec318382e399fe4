"""The settings: the environment, read once by the composition root."""

from collections.abc import Mapping

from chalicelib.domain.records import record


@record
class Settings:
    """What a deployment sets. Names in the environment are these with `WARMUP_` before them, in capitals."""

    release: str = "unreleased"
    table_prefix: str = "warmup-"
    media_bucket: str = "warmup-media"
    pepper: str = ""
    previous_pepper: str = ""
    operator_key_digest: str = ""
    default_plan: str = "standard/1"
    lease_seconds: int = 900
    heartbeat_seconds: int = 300
    session_seconds: int = 1800
    open_after_seconds: int = 300
    queue_shards: int = 1
    deadline_seconds: float = 10.0
    url_seconds: int = 900
    verify_media: bool = True
    key_cache_seconds: float = 30.0
    gate_cache_seconds: float = 2.0
    turn_seconds: float = 2.0
    bulk_workers: int = 8
    log_stream: str = "stdout"
    metrics_namespace: str = "warmup"
    max_leases: int = 50
    max_sessions: int = 20
    audit_days: int = 400
    session_days: int = 90
    open_docs: bool = True
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_client_id: str = ""
    oidc_scope: str = "openid"
    oidc_token_origin: str = ""
    oidc_user_claim: str = "sub"
    oidc_roles_claim: str = "roles"
    oidc_roles: str = ""
    oidc_models_claim: str = ""

    @property
    def peppers(self) -> tuple[str, ...]:
        """Those under which a key is looked for: the pepper, and while keys rotate the one before it."""
        return tuple(dict.fromkeys(pepper for pepper in (self.pepper, self.previous_pepper) if pepper))

    @property
    def has_issuer(self) -> bool:
        """Whether tokens of an issuer are accepted; of which audience must be said, too."""
        return bool(self.oidc_issuer and self.oidc_audience)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Reads `WARMUP_*`; what is not set keeps its default. Raises ValueError that names a number that is none."""
        given: dict[str, str | int | float] = {}
        for name, default in cls().as_dict().items():
            text = environ.get(f"WARMUP_{name.upper()}")
            if text is None:
                continue
            try:
                given[name] = _flag(text) if isinstance(default, bool) else type(default)(text)
            except ValueError:
                wanted = "`true` or `false`" if isinstance(default, bool) else "a number"
                raise ValueError(f"WARMUP_{name.upper()}={text!r} is not {wanted}") from None
        return cls(**given)  # type: ignore[arg-type]  # each value has the type of its default

    def as_dict(self) -> dict[str, str | int | float]:
        """Each setting by name."""
        return dict(vars(self))


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"
