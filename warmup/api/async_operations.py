"""The operations of the service, asynchronous. Written by `make openapi`: change the routes, not this."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from warmup.api import models as shapes
from warmup.transport import UNSET, Unset, quoted

if TYPE_CHECKING:
    from warmup.async_client import AsyncPages, AsyncTransport


class Accounts:
    """The operations on accounts."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def start_warmup(
        self, account_id: str, *, bot_session: str | None = None, lease_token: str | None = None
    ) -> shapes.StartedWarmup:
        """Starts the warm-up, with a lease for the caller."""
        return await self._transport.ask(
            "POST",
            f"/api/bot/accounts/{quoted(account_id)}/start-warmup",
            shapes.StartedWarmup,
            headers={"Bot-Session": bot_session, "Lease-Token": lease_token},
        )

    async def warmup_status(self, account_id: str, *, bot_session: str | None = None) -> shapes.WarmupStatus:
        """Where the warm-up stands, and why the account is not offered."""
        return await self._transport.ask(
            "GET",
            f"/api/bot/accounts/{quoted(account_id)}/warmup-status",
            shapes.WarmupStatus,
            headers={"Bot-Session": bot_session},
        )

    async def complete_warmup(
        self, account_id: str, *, bot_session: str | None = None, lease_token: str | None = None
    ) -> shapes.ChangedWarmup:
        """Ends the warm-up: the account is active."""
        return await self._transport.ask(
            "POST",
            f"/api/bot/accounts/{quoted(account_id)}/complete-warmup",
            shapes.ChangedWarmup,
            headers={"Bot-Session": bot_session, "Lease-Token": lease_token},
        )

    async def create(
        self,
        *,
        model_id: str,
        username: str,
        account_id: str | Unset | None = UNSET,
        theme: str | Unset | None = UNSET,
        plan: str | Unset | None = UNSET,
        tags: list[str] | Unset = UNSET,
        external_ref: str | Unset | None = UNSET,
        consent: shapes.ConsentBody | Unset | None = UNSET,
    ) -> shapes.CreatedAccount:
        """Puts an account in the service's care."""
        return await self._transport.ask(
            "POST",
            "/api/operator/accounts",
            shapes.CreatedAccount,
            body={
                "model_id": model_id,
                "username": username,
                "account_id": account_id,
                "theme": theme,
                "plan": plan,
                "tags": tags,
                "external_ref": external_ref,
                "consent": consent,
            },
        )

    def list_all(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        with_phases: bool | None = None,
        sort: str | None = None,
        state: str | None = None,
        model_id: str | None = None,
        phase: str | None = None,
        phase_status: str | None = None,
        error_code: str | None = None,
        error_kind: str | None = None,
        without_code: bool | None = None,
        queue: str | None = None,
        text: str | None = None,
        ids: str | None = None,
        plan: str | None = None,
    ) -> AsyncPages[shapes.ListedAccount]:
        """Accounts that the filter admits; a page may hold fewer than asked, and still name a cursor."""
        return self._transport.pages(
            "GET",
            "/api/operator/accounts",
            shapes.ListedAccount,
            query={
                "limit": limit,
                "cursor": cursor,
                "with_phases": with_phases,
                "sort": sort,
                "state": state,
                "model_id": model_id,
                "phase": phase,
                "phase_status": phase_status,
                "error_code": error_code,
                "error_kind": error_kind,
                "without_code": without_code,
                "queue": queue,
                "text": text,
                "ids": ids,
                "plan": plan,
            },
        )

    async def import_all(
        self, body: str | bytes, *, dry_run: bool | None = None, warn: bool | None = None, media_type: str = "text/csv"
    ) -> shapes.AccountImport:
        """Puts many accounts in the service's care; a bad row never spoils the others."""
        return await self._transport.ask(
            "POST",
            "/api/operator/accounts/import",
            shapes.AccountImport,
            query={"dry_run": dry_run, "warn": warn},
            raw=(media_type, body),
        )

    async def move_all(
        self,
        *,
        reason: str,
        action: str,
        account_ids: list[str] | Unset | None = UNSET,
        filter: shapes.BulkFilter | Unset | None = UNSET,
        content: str | Unset = UNSET,
        evidence: shapes.Evidence | Unset | None = UNSET,
        plan: str | Unset | None = UNSET,
        mapping: dict[str, Any] | Unset = UNSET,
        dry_run: bool | Unset = UNSET,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
    ) -> shapes.BulkMove:
        """One step of a move on many: those named, or a page of those that the filter admits; a dry run only counts."""
        return await self._transport.ask(
            "POST",
            "/api/operator/accounts/bulk",
            shapes.BulkMove,
            body={
                "reason": reason,
                "action": action,
                "account_ids": account_ids,
                "filter": filter,
                "content": content,
                "evidence": evidence,
                "plan": plan,
                "mapping": mapping,
                "dry_run": dry_run,
                "limit": limit,
                "cursor": cursor,
            },
        )

    async def get(self, account_id: str) -> shapes.AccountWithAssignments:
        """An account with its phases, assignments (the latest 100), lease, blockers, and its place in the queue."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/accounts/{quoted(account_id)}",
            shapes.AccountWithAssignments,
        )

    async def edit(
        self,
        account_id: str,
        *,
        if_match: str | None = None,
        username: str | Unset | None = UNSET,
        theme: str | Unset | None = UNSET,
        tags: list[str] | Unset | None = UNSET,
        external_ref: str | Unset | None = UNSET,
    ) -> shapes.CreatedAccount:
        """Changes what operators say of an account: its username, theme, tags and external_ref."""
        return await self._transport.ask(
            "PATCH",
            f"/api/operator/accounts/{quoted(account_id)}",
            shapes.CreatedAccount,
            headers={"If-Match": if_match},
            body={"username": username, "theme": theme, "tags": tags, "external_ref": external_ref},
        )

    async def export(self, account_id: str) -> shapes.AccountExport:
        """All that is kept of an account: its owner's consent, phases, assignments, leases and audit events."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/accounts/{quoted(account_id)}/export",
            shapes.AccountExport,
        )

    async def erase(self, account_id: str, *, reason: str) -> shapes.CreatedAccount:
        """Erases the words of persons of an account, everywhere; it is retired for good. Its audit stays whole."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/erase",
            shapes.CreatedAccount,
            body={"reason": reason},
        )

    async def consent(
        self,
        account_id: str,
        *,
        granted_by: str,
        granted_at: datetime | str,
        reference: str,
        valid_until: datetime | str | Unset | None = UNSET,
    ) -> shapes.CreatedAccount:
        """Records who owns the account and agreed; without it nothing is handed out. This lifts a withdrawal."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/consent",
            shapes.CreatedAccount,
            body={
                "granted_by": granted_by,
                "granted_at": granted_at,
                "reference": reference,
                "valid_until": valid_until,
            },
        )

    async def withdraw_consent(self, account_id: str, *, reason: str) -> shapes.CreatedAccount:
        """Takes the owner's consent back: revokes the lease and ends the assignment; nothing is handed out any more."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/consent/withdraw",
            shapes.CreatedAccount,
            body={"reason": reason},
        )

    async def ready(self, account_id: str, *, reason: str) -> shapes.ReadiedWarmup:
        """Declares an account ready to be warmed up."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/ready",
            shapes.ReadiedWarmup,
            body={"reason": reason},
        )

    async def pause(self, account_id: str, *, reason: str) -> shapes.ChangedWarmup:
        """Hands the account's work out no more; what is under way may be finished."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/pause",
            shapes.ChangedWarmup,
            body={"reason": reason},
        )

    async def resume(self, account_id: str, *, reason: str) -> shapes.ChangedWarmup:
        """Hands the account's work out again."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/resume",
            shapes.ChangedWarmup,
            body={"reason": reason},
        )

    async def reset(self, account_id: str, *, reason: str) -> shapes.ChangedWarmup:
        """Starts the warm-up over; the history stays."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/reset",
            shapes.ChangedWarmup,
            body={"reason": reason},
        )

    async def retire(self, account_id: str, *, reason: str) -> shapes.ChangedWarmup:
        """Takes the account out of the service's care."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/retire",
            shapes.ChangedWarmup,
            body={"reason": reason},
        )

    async def restore(self, account_id: str, *, reason: str) -> shapes.ChangedWarmup:
        """Brings a retired account back as imported; what it has used and its audit stay."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/restore",
            shapes.ChangedWarmup,
            body={"reason": reason},
        )


class Audit:
    """The operations on audit."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def list_all(
        self,
        *,
        limit: int | None = None,
        account_id: str | None = None,
        bot_id: str | None = None,
        day: str | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[shapes.AuditEvent]:
        """Audit events of an account, a bot or a day, newest first; of several, where all hold (pages may be short)."""
        return self._transport.pages(
            "GET",
            "/api/operator/audit",
            shapes.AuditEvent,
            query={"limit": limit, "account_id": account_id, "bot_id": bot_id, "day": day, "cursor": cursor},
        )

    def export(
        self,
        *,
        account_id: str | None = None,
        bot_id: str | None = None,
        day: str | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[shapes.AuditEvent]:
        """The same as JSON lines, up to 1,000 a call; the header `Next-Cursor` says where to go on."""
        return self._transport.lines(
            "GET",
            "/api/operator/audit/export",
            shapes.AuditEvent,
            query={"account_id": account_id, "bot_id": bot_id, "day": day, "cursor": cursor},
        )

    async def verify(self, account_id: str) -> shapes.Verification:
        """Whether an account's audit has no gap and replays to its state."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/accounts/{quoted(account_id)}/verify",
            shapes.Verification,
        )

    def verify_all(
        self, *, limit: int | None = None, model_id: str | None = None, cursor: str | None = None
    ) -> AsyncPages[shapes.Verification]:
        """The same for all accounts, or those of one model, page by page."""
        return self._transport.pages(
            "GET",
            "/api/operator/verify",
            shapes.Verification,
            query={"limit": limit, "model_id": model_id, "cursor": cursor},
        )


class Bots:
    """The operations on bots."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        *,
        bot_id: str | Unset | None = UNSET,
        name: str | Unset | None = UNSET,
        role: str | Unset = UNSET,
        models: list[str] | Unset | None = UNSET,
        expires_at: datetime | Unset | None = UNSET,
    ) -> shapes.CreatedBot:
        """Creates a bot; its key is in the answer, this once."""
        return await self._transport.ask(
            "POST",
            "/api/operator/bots",
            shapes.CreatedBot,
            body={"bot_id": bot_id, "name": name, "role": role, "models": models, "expires_at": expires_at},
            repeatable=bot_id is not UNSET,
        )

    def list_all(self, *, limit: int | None = None, cursor: str | None = None) -> AsyncPages[shapes.Bot]:
        """All bots; with `keys:read` their keys, too."""
        return self._transport.pages(
            "GET",
            "/api/operator/bots",
            shapes.Bot,
            query={"limit": limit, "cursor": cursor},
        )

    async def get(self, bot_id: str) -> shapes.Bot:
        """One bot."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/bots/{quoted(bot_id)}",
            shapes.Bot,
        )

    async def edit(
        self,
        bot_id: str,
        *,
        if_match: str | None = None,
        name: str | Unset | None = UNSET,
        models: list[str] | Unset | None = UNSET,
        max_leases: int | Unset | None = UNSET,
        max_sessions: int | Unset | None = UNSET,
    ) -> shapes.BoundBot:
        """Renames, limits or binds a bot (`models` null frees it); what it holds outside of its models is revoked."""
        return await self._transport.ask(
            "PATCH",
            f"/api/operator/bots/{quoted(bot_id)}",
            shapes.BoundBot,
            headers={"If-Match": if_match},
            body={"name": name, "models": models, "max_leases": max_leases, "max_sessions": max_sessions},
        )

    async def disable(self, bot_id: str, *, reason: str) -> shapes.DisabledBot:
        """Revokes a bot's keys, stops its sessions and revokes its leases; a new key enables it again."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/bots/{quoted(bot_id)}/disable",
            shapes.DisabledBot,
            body={"reason": reason},
        )

    async def rotate_key(self, bot_id: str, *, expires_at: datetime | Unset | None = UNSET) -> shapes.NewKey:
        """Makes a new key beside the live one; it is in the answer, this once."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/bots/{quoted(bot_id)}/keys",
            shapes.NewKey,
            body={"expires_at": expires_at},
            repeatable=False,
        )

    async def revoke_key(self, bot_id: str, key_id: str) -> shapes.ChangedBot:
        """Revokes a key, everywhere within a minute."""
        return await self._transport.ask(
            "DELETE",
            f"/api/operator/bots/{quoted(bot_id)}/keys/{quoted(key_id)}",
            shapes.ChangedBot,
        )


class Claims:
    """The operations on claims."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def accounts(
        self, *, dry_run: bool | Unset = UNSET, limit: int | Unset = UNSET, cursor: str | Unset | None = UNSET
    ) -> shapes.Claims:
        """Claims a page of accounts' profiles where that was not done yet, and names the accounts that clash."""
        return await self._transport.ask(
            "POST",
            "/api/operator/accounts/claims",
            shapes.Claims,
            body={"dry_run": dry_run, "limit": limit, "cursor": cursor},
        )

    async def texts(
        self,
        model_id: str,
        *,
        dry_run: bool | Unset = UNSET,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
    ) -> shapes.Claims:
        """Claims a page of texts' words as they are compared today, and names the texts that clash."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/models/{quoted(model_id)}/texts/claims",
            shapes.Claims,
            body={"dry_run": dry_run, "limit": limit, "cursor": cursor},
        )


class Content:
    """The operations on content."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self, model_id: str, body: shapes.ContentBody | Sequence[shapes.ContentBody]
    ) -> shapes.CreatedContent | shapes.ContentOutcomes:
        """Adds a media item, or up to 100, to the pool."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/models/{quoted(model_id)}/content",
            shapes.CreatedContent | shapes.ContentOutcomes,  # type: ignore[arg-type]  # a union, which mypy takes for no type
            body=body,
        )

    def list_all(
        self,
        model_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        with_url: bool | None = None,
        category: str | None = None,
        status: str | None = None,
    ) -> AsyncPages[shapes.LinkedContent]:
        """The media items of a model; `with_url` adds a URL that gives the file for a while."""
        return self._transport.pages(
            "GET",
            f"/api/operator/models/{quoted(model_id)}/content",
            shapes.LinkedContent,
            query={"limit": limit, "cursor": cursor, "with_url": with_url, "category": category, "status": status},
        )

    async def upload(self, model_id: str, *, filename: str, media_type: str, bytes: int, sha256: str) -> shapes.Upload:
        """A presigned form by which one file goes into the media bucket."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/models/{quoted(model_id)}/content/uploads",
            shapes.Upload,
            body={"filename": filename, "media_type": media_type, "bytes": bytes, "sha256": sha256},
            repeatable=False,
        )

    async def get(self, model_id: str, content_id: str, *, with_url: bool | None = None) -> shapes.LinkedContent:
        """One media item with its usage; `with_url` adds a URL that gives the file for a while."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/models/{quoted(model_id)}/content/{quoted(content_id)}",
            shapes.LinkedContent,
            query={"with_url": with_url},
        )

    async def edit(
        self,
        model_id: str,
        content_id: str,
        *,
        if_match: str | None = None,
        category: str | Unset = UNSET,
        quality_score: float | Unset = UNSET,
        max_usage: int | Unset = UNSET,
        theme: str | Unset | None = UNSET,
        tags: list[str] | Unset = UNSET,
        licence: shapes.LicenceBody | Unset | None = UNSET,
        enabled: bool | Unset = UNSET,
        status: shapes.ItemRights | Unset = UNSET,
        reason: str | Unset | None = UNSET,
    ) -> shapes.EditedContent:
        """Changes what is given; what loses its rights leaves selection at once, a withdrawn file in all models."""
        return await self._transport.ask(
            "PATCH",
            f"/api/operator/models/{quoted(model_id)}/content/{quoted(content_id)}",
            shapes.EditedContent,
            headers={"If-Match": if_match},
            body={
                "category": category,
                "quality_score": quality_score,
                "max_usage": max_usage,
                "theme": theme,
                "tags": tags,
                "licence": licence,
                "enabled": enabled,
                "status": status,
                "reason": reason,
            },
        )

    async def import_all(
        self,
        model_id: str,
        body: str | bytes,
        *,
        dry_run: bool | None = None,
        assume_uploaded: bool | None = None,
        media_type: str = "text/csv",
    ) -> shapes.PoolImport:
        """Adds many to the pool; a bad row never spoils the others."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/models/{quoted(model_id)}/content/import",
            shapes.PoolImport,
            query={"dry_run": dry_run, "assume_uploaded": assume_uploaded},
            raw=(media_type, body),
        )


class Health:
    """The operations on health."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def health(self) -> shapes.Health:
        """The service lives; the store is not asked."""
        return await self._transport.ask(
            "GET",
            "/api/health",
            shapes.Health,
        )

    async def ready(self) -> shapes.Readiness:
        """The store answers."""
        return await self._transport.ask(
            "GET",
            "/api/ready",
            shapes.Readiness,
        )


class Issuer:
    """The operations on issuer."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self) -> shapes.SignIn:
        """How the console signs in: by an issuer (OpenID Connect), or with keys alone (`oidc` is null)."""
        return await self._transport.ask(
            "GET",
            "/api/issuer",
            shapes.SignIn,
        )


class Leases:
    """The operations on leases."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def ready(
        self,
        *,
        limit: int | None = None,
        model_id: str | None = None,
        action: str | None = None,
        phase: str | None = None,
        category: str | None = None,
        cursor: str | None = None,
        bot_session: str | None = None,
    ) -> shapes.ReadyPage:
        """Accounts that can be worked on now; each filter takes several values, with commas between them."""
        return await self._transport.ask(
            "GET",
            "/api/bot/accounts/ready",
            shapes.ReadyPage,
            query={
                "limit": limit,
                "model_id": model_id,
                "action": action,
                "phase": phase,
                "category": category,
                "cursor": cursor,
            },
            headers={"Bot-Session": bot_session},
        )

    async def claim(
        self,
        *,
        bot_session: str,
        limit: int | Unset = UNSET,
        model_ids: list[str] | Unset | None = UNSET,
        actions: list[shapes.Step] | Unset | None = UNSET,
        phases: list[str] | Unset | None = UNSET,
        categories: list[str] | Unset | None = UNSET,
        holding: list[str] | Unset = UNSET,
        deliver: bool | Unset = UNSET,
    ) -> shapes.Claim:
        """Takes leases on accounts that can be worked on now."""
        return await self._transport.ask(
            "POST",
            "/api/bot/accounts/claim",
            shapes.Claim,
            headers={"Bot-Session": bot_session},
            body={
                "limit": limit,
                "model_ids": model_ids,
                "actions": actions,
                "phases": phases,
                "categories": categories,
                "holding": holding,
                "deliver": deliver,
            },
        )

    async def release(self, account_id: str, *, lease_token: str, bot_session: str | None = None) -> shapes.Released:
        """Gives a lease back without recording an outcome."""
        return await self._transport.ask(
            "POST",
            f"/api/bot/accounts/{quoted(account_id)}/release",
            shapes.Released,
            headers={"Lease-Token": lease_token, "Bot-Session": bot_session},
        )


class Models:
    """The operations on models."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        *,
        model_id: str,
        name: str | Unset | None = UNSET,
        themes: list[str] | Unset = UNSET,
        time_zone: str | Unset = UNSET,
        weight: int | Unset = UNSET,
        max_concurrent: int | Unset | None = UNSET,
        plan: str | Unset | None = UNSET,
        cooldown_hours: int | Unset | None = UNSET,
        minimum_quality: float | Unset | None = UNSET,
        four_eyes: bool | Unset = UNSET,
        licence_required: bool | Unset = UNSET,
    ) -> shapes.ChangedModel:
        """Creates a model."""
        return await self._transport.ask(
            "POST",
            "/api/operator/models",
            shapes.ChangedModel,
            body={
                "model_id": model_id,
                "name": name,
                "themes": themes,
                "time_zone": time_zone,
                "weight": weight,
                "max_concurrent": max_concurrent,
                "plan": plan,
                "cooldown_hours": cooldown_hours,
                "minimum_quality": minimum_quality,
                "four_eyes": four_eyes,
                "licence_required": licence_required,
            },
        )

    def list_all(self, *, limit: int | None = None, cursor: str | None = None) -> AsyncPages[shapes.Model]:
        """All models."""
        return self._transport.pages(
            "GET",
            "/api/operator/models",
            shapes.Model,
            query={"limit": limit, "cursor": cursor},
        )

    async def get(self, model_id: str) -> shapes.Model:
        """One model."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/models/{quoted(model_id)}",
            shapes.Model,
        )

    async def edit(
        self,
        model_id: str,
        *,
        if_match: str | None = None,
        name: str | Unset | None = UNSET,
        themes: list[str] | Unset | None = UNSET,
        paused: bool | Unset | None = UNSET,
        time_zone: str | Unset | None = UNSET,
        weight: int | Unset | None = UNSET,
        max_concurrent: int | Unset | None = UNSET,
        plan: str | Unset | None = UNSET,
        cooldown_hours: int | Unset | None = UNSET,
        minimum_quality: float | Unset | None = UNSET,
        four_eyes: bool | Unset | None = UNSET,
        licence_required: bool | Unset | None = UNSET,
        reason: str | Unset | None = UNSET,
    ) -> shapes.ChangedModel:
        """Changes a model: name, themes, time zone, weight, bound, plan (both null: none), demands, paused or not."""
        return await self._transport.ask(
            "PATCH",
            f"/api/operator/models/{quoted(model_id)}",
            shapes.ChangedModel,
            headers={"If-Match": if_match},
            body={
                "name": name,
                "themes": themes,
                "paused": paused,
                "time_zone": time_zone,
                "weight": weight,
                "max_concurrent": max_concurrent,
                "plan": plan,
                "cooldown_hours": cooldown_hours,
                "minimum_quality": minimum_quality,
                "four_eyes": four_eyes,
                "licence_required": licence_required,
                "reason": reason,
            },
        )

    async def withdraw_consent(
        self,
        model_id: str,
        *,
        reason: str,
        dry_run: bool | Unset = UNSET,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
    ) -> shapes.ModelWithdrawal:
        """One step of withdrawing a whole model: its accounts' consents, then its items. The first step pauses it."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/models/{quoted(model_id)}/consent/withdraw",
            shapes.ModelWithdrawal,
            body={"reason": reason, "dry_run": dry_run, "limit": limit, "cursor": cursor},
        )


class Phases:
    """The operations on phases."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def content(
        self, account_id: str, phase: str, *, bot_session: str | None = None, lease_token: str | None = None
    ) -> shapes.Delivery:
        """Gives the caller the phase's content, under its lease."""
        return await self._transport.ask(
            "GET",
            f"/api/bot/accounts/{quoted(account_id)}/content/{quoted(phase)}",
            shapes.Delivery,
            headers={"Bot-Session": bot_session, "Lease-Token": lease_token},
        )

    async def warmup_content(
        self, account_id: str, phase: str, *, bot_session: str | None = None, lease_token: str | None = None
    ) -> shapes.Delivery:
        """The same, in its other spelling."""
        return await self._transport.ask(
            "GET",
            f"/api/bot/accounts/{quoted(account_id)}/warmup-content/{quoted(phase)}",
            shapes.Delivery,
            headers={"Bot-Session": bot_session, "Lease-Token": lease_token},
        )

    async def complete_phase(
        self,
        account_id: str,
        phase: str,
        *,
        lease_token: str,
        bot_session: str | None = None,
        execution_time_ms: int | Unset | None = UNSET,
        platform_response: Any = UNSET,
        performance_score: float | Unset | None = UNSET,
        finish: bool | Unset = UNSET,
    ) -> shapes.Completion:
        """The phase is completed, the lease ends."""
        return await self._transport.ask(
            "POST",
            f"/api/bot/accounts/{quoted(account_id)}/complete-phase/{quoted(phase)}",
            shapes.Completion,
            headers={"Lease-Token": lease_token, "Bot-Session": bot_session},
            body={
                "execution_time_ms": execution_time_ms,
                "platform_response": platform_response,
                "performance_score": performance_score,
                "finish": finish,
            },
        )

    async def measure_phase(
        self,
        account_id: str,
        phase: str,
        *,
        performance_score: float,
        measured_at: datetime,
        bot_session: str | None = None,
        lease_token: str | None = None,
        metrics: dict[str, Any] | Unset | None = UNSET,
    ) -> shapes.Performance:
        """Records how the content of a completed phase did, up to 90 days later; the latest `measured_at` counts."""
        return await self._transport.ask(
            "POST",
            f"/api/bot/accounts/{quoted(account_id)}/performance/{quoted(phase)}",
            shapes.Performance,
            headers={"Bot-Session": bot_session, "Lease-Token": lease_token},
            body={"performance_score": performance_score, "measured_at": measured_at, "metrics": metrics},
        )

    async def report_error(
        self,
        account_id: str,
        *,
        lease_token: str,
        phase: str,
        kind: shapes.ReportKind,
        message: str,
        bot_session: str | None = None,
        code: str | Unset | None = UNSET,
        details: dict[str, Any] | Unset | None = UNSET,
        retry_after_seconds: int | Unset = UNSET,
    ) -> shapes.Report:
        """Takes down what went wrong."""
        return await self._transport.ask(
            "POST",
            f"/api/bot/accounts/{quoted(account_id)}/report-error",
            shapes.Report,
            headers={"Lease-Token": lease_token, "Bot-Session": bot_session},
            body={
                "phase": phase,
                "kind": kind,
                "message": message,
                "code": code,
                "details": details,
                "retry_after_seconds": retry_after_seconds,
            },
        )


class Pipeline:
    """The operations on pipeline."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def overview(self) -> shapes.Overview:
        """Counts by state and phase status, what waits for longest, review, sessions, timers."""
        return await self._transport.ask(
            "GET",
            "/api/operator/pipeline",
            shapes.Overview,
        )

    async def throughput(self) -> shapes.Throughput:
        """What was completed and what failed, by the hour, in the last 24."""
        return await self._transport.ask(
            "GET",
            "/api/operator/pipeline/throughput",
            shapes.Throughput,
        )

    async def service(self) -> shapes.Service:
        """What runs here: the release, the store, the times that it keeps."""
        return await self._transport.ask(
            "GET",
            "/api/operator/service",
            shapes.Service,
        )

    async def pause(self, *, reason: str) -> shapes.ChangedPauses:
        """Hands no work out any more, to nobody."""
        return await self._transport.ask(
            "POST",
            "/api/operator/pipeline/pause",
            shapes.ChangedPauses,
            body={"reason": reason},
        )

    async def resume(self, *, reason: str) -> shapes.ChangedPauses:
        """Hands work out again."""
        return await self._transport.ask(
            "POST",
            "/api/operator/pipeline/resume",
            shapes.ChangedPauses,
            body={"reason": reason},
        )


class Plans:
    """The operations on plans."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, *, name: str, title: str, from_: str | Unset | None = UNSET) -> shapes.ChangedPlan:
        """Makes a draft: a new plan, or the next version of one. It is a copy of `from`."""
        return await self._transport.ask(
            "POST",
            "/api/operator/plans",
            shapes.ChangedPlan,
            body={"name": name, "title": title, "from": from_},
        )

    def list_all(self, *, limit: int | None = None, cursor: str | None = None) -> AsyncPages[shapes.ListedPlan]:
        """All plans with their versions and how many accounts have each, `standard` first."""
        return self._transport.pages(
            "GET",
            "/api/operator/plans",
            shapes.ListedPlan,
            query={"limit": limit, "cursor": cursor},
        )

    async def get(self, plan: str) -> shapes.ListedPlan:
        """One plan with its versions."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/plans/{quoted(plan)}",
            shapes.ListedPlan,
        )

    async def get_version(self, plan: str, version: int) -> shapes.PlanVersion:
        """One version of a plan, with its phases and limits."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/plans/{quoted(plan)}/versions/{quoted(version)}",
            shapes.PlanVersion,
        )

    async def edit(
        self,
        plan: str,
        version: int,
        *,
        if_match: str | None = None,
        title: str | Unset | None = UNSET,
        phases: list[shapes.PlanPhaseBody] | Unset | None = UNSET,
        limits: shapes.PlanLimitsBody | Unset | None = UNSET,
        reason: str | Unset | None = UNSET,
    ) -> shapes.ChangedPlan:
        """Changes a draft: `phases` as a whole, `limits` one by one. Each fault is named by its JSON pointer."""
        return await self._transport.ask(
            "PATCH",
            f"/api/operator/plans/{quoted(plan)}/versions/{quoted(version)}",
            shapes.ChangedPlan,
            headers={"If-Match": if_match},
            body={"title": title, "phases": phases, "limits": limits, "reason": reason},
        )

    async def publish(self, plan: str, version: int, *, reason: str | Unset | None = UNSET) -> shapes.ChangedPlan:
        """Opens a draft to new accounts. From then on it never changes; no account changes by it."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/plans/{quoted(plan)}/versions/{quoted(version)}/publish",
            shapes.ChangedPlan,
            body={"reason": reason},
        )

    async def retire(self, plan: str, version: int, *, reason: str | Unset | None = UNSET) -> shapes.ChangedPlan:
        """Closes a version to new accounts; those that have it go on by it. A draft that is retired is discarded."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/plans/{quoted(plan)}/versions/{quoted(version)}/retire",
            shapes.ChangedPlan,
            body={"reason": reason},
        )

    async def diff(self, plan: str, version: int, *, against: str | None = None) -> shapes.PlanDiff:
        """What differs from another version (default: the one that it was copied from), in words and as data."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/plans/{quoted(plan)}/versions/{quoted(version)}/diff",
            shapes.PlanDiff,
            query={"against": against},
        )

    async def preview(self, plan: str, version: int, *, model_id: str, accounts: int) -> shapes.PlanPreview:
        """What the plan would make of accounts of a model that start now: dates, uses, waits. It changes nothing."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/plans/{quoted(plan)}/versions/{quoted(version)}/preview",
            shapes.PlanPreview,
            body={"model_id": model_id, "accounts": accounts},
        )

    async def migrate(
        self,
        account_id: str,
        *,
        reason: str,
        plan: str,
        version: int | Unset | None = UNSET,
        mapping: dict[str, Any] | Unset = UNSET,
        dry_run: bool | Unset = UNSET,
    ) -> shapes.MigratedWarmup:
        """Moves an account to a published version of a plan (default: the newest), or in a dry run says how."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/migrate",
            shapes.MigratedWarmup,
            body={"reason": reason, "plan": plan, "version": version, "mapping": mapping, "dry_run": dry_run},
        )


class Review:
    """The operations on review."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def list_all(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        order: str | None = None,
        model_id: str | None = None,
        phase: str | None = None,
        status: str | None = None,
        code: str | None = None,
        kind: str | None = None,
        without_code: bool | None = None,
        older_than_seconds: int | None = None,
    ) -> AsyncPages[shapes.Case]:
        """Everything that failed or needs review, oldest or newest first; a page may hold fewer than asked."""
        return self._transport.pages(
            "GET",
            "/api/operator/review",
            shapes.Case,
            query={
                "limit": limit,
                "cursor": cursor,
                "order": order,
                "model_id": model_id,
                "phase": phase,
                "status": status,
                "code": code,
                "kind": kind,
                "without_code": without_code,
                "older_than_seconds": older_than_seconds,
            },
        )

    async def group_all(
        self,
        *,
        cursor: str | None = None,
        model_id: str | None = None,
        phase: str | None = None,
        status: str | None = None,
        code: str | None = None,
        kind: str | None = None,
        without_code: bool | None = None,
        older_than_seconds: int | None = None,
    ) -> shapes.CaseGroups:
        """A page of the queue by kind, error code and phase, the largest group first; the caller adds the pages up."""
        return await self._transport.ask(
            "GET",
            "/api/operator/review/groups",
            shapes.CaseGroups,
            query={
                "cursor": cursor,
                "model_id": model_id,
                "phase": phase,
                "status": status,
                "code": code,
                "kind": kind,
                "without_code": without_code,
                "older_than_seconds": older_than_seconds,
            },
        )

    async def retry_all(
        self, *, reason: str, filter: shapes.ReviewFilter, dry_run: bool | Unset = UNSET, content: str | Unset = UNSET
    ) -> shapes.BulkRetry:
        """Retries up to 500 cases, oldest first, with a result for each; a dry run only counts."""
        return await self._transport.ask(
            "POST",
            "/api/operator/review/retry",
            shapes.BulkRetry,
            body={"reason": reason, "filter": filter, "dry_run": dry_run, "content": content},
        )

    async def retry(
        self, account_id: str, phase: str, *, reason: str, content: str | Unset = UNSET
    ) -> shapes.ChangedWarmup:
        """Offers the phase again at once, with the same items or others."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/phases/{quoted(phase)}/retry",
            shapes.ChangedWarmup,
            body={"reason": reason, "content": content},
        )

    async def resolve(
        self, account_id: str, phase: str, *, reason: str, evidence: shapes.Evidence
    ) -> shapes.ChangedWarmup:
        """Marks the phase as completed: it was done outside the service."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/phases/{quoted(phase)}/resolve",
            shapes.ChangedWarmup,
            body={"reason": reason, "evidence": evidence},
        )

    async def skip(self, account_id: str, phase: str, *, reason: str) -> shapes.ChangedWarmup:
        """Passes over a phase."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/phases/{quoted(phase)}/skip",
            shapes.ChangedWarmup,
            body={"reason": reason},
        )

    async def assign(
        self,
        account_id: str,
        phase: str,
        *,
        reason: str,
        content_id: str | Unset | None = UNSET,
        text_id: str | Unset | None = UNSET,
    ) -> shapes.ChangedWarmup:
        """Gives items to the phase by hand."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/accounts/{quoted(account_id)}/phases/{quoted(phase)}/assign",
            shapes.ChangedWarmup,
            body={"reason": reason, "content_id": content_id, "text_id": text_id},
        )


class Sessions:
    """The operations on sessions."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self, *, client: str | Unset | None = UNSET, host: str | Unset | None = UNSET
    ) -> shapes.OpenedSession:
        """Opens a session."""
        return await self._transport.ask(
            "POST",
            "/api/bot/sessions",
            shapes.OpenedSession,
            body={"client": client, "host": host},
            repeatable=False,
        )

    async def heartbeat(self, session_id: str, *, note: str | Unset | None = UNSET) -> shapes.Heartbeat:
        """Says that the session lives."""
        return await self._transport.ask(
            "POST",
            f"/api/bot/sessions/{quoted(session_id)}/heartbeat",
            shapes.Heartbeat,
            body={"note": note},
        )

    async def get(self, session_id: str) -> shapes.OwnSession:
        """The session with what it holds."""
        return await self._transport.ask(
            "GET",
            f"/api/bot/sessions/{quoted(session_id)}",
            shapes.OwnSession,
        )

    async def end(self, session_id: str) -> shapes.ChangedSession:
        """Ends the session."""
        return await self._transport.ask(
            "DELETE",
            f"/api/bot/sessions/{quoted(session_id)}",
            shapes.ChangedSession,
        )

    def list_all(
        self, *, limit: int | None = None, status: str | None = None, cursor: str | None = None
    ) -> AsyncPages[shapes.Session]:
        """Sessions, by standing."""
        return self._transport.pages(
            "GET",
            "/api/operator/sessions",
            shapes.Session,
            query={"limit": limit, "status": status, "cursor": cursor},
        )

    async def show(self, session_id: str) -> shapes.Session:
        """One session with what it holds; no tokens, since they are not the operator's."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/sessions/{quoted(session_id)}",
            shapes.Session,
        )

    async def drain(self, session_id: str, *, reason: str) -> shapes.ChangedSession:
        """Has a session finish what it holds and take nothing new."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/sessions/{quoted(session_id)}/drain",
            shapes.ChangedSession,
            body={"reason": reason},
        )

    async def stop(self, session_id: str, *, reason: str) -> shapes.ChangedSession:
        """Has a session stop, and supersedes its leases."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/sessions/{quoted(session_id)}/stop",
            shapes.ChangedSession,
            body={"reason": reason},
        )


class Stewardship:
    """The operations on stewardship."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def availability(self, model_id: str, *, adding: int | None = None) -> shapes.Availability:
        """What the pools hold, what the accounts under way will need, and the day on which a pool runs dry."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/models/{quoted(model_id)}/availability",
            shapes.Availability,
            query={"adding": adding},
        )

    async def analyse(self, model_id: str) -> shapes.Analytics:
        """What the record says of the pools: uses, fallbacks, items that always lose."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/models/{quoted(model_id)}/analytics",
            shapes.Analytics,
        )

    async def explain(self, account_id: str, phase: str, *, limit: int | None = None) -> shapes.Explained:
        """What selection would do now for a phase, and why."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/accounts/{quoted(account_id)}/phases/{quoted(phase)}/explain",
            shapes.Explained,
            query={"limit": limit},
        )

    def history(
        self,
        *,
        limit: int | None = None,
        account_id: str | None = None,
        content_id: str | None = None,
        text_id: str | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[shapes.Assignment]:
        """What an account was given, or who was given an item, newest first."""
        return self._transport.pages(
            "GET",
            "/api/operator/assignments",
            shapes.Assignment,
            query={
                "limit": limit,
                "account_id": account_id,
                "content_id": content_id,
                "text_id": text_id,
                "cursor": cursor,
            },
        )


class Tasks:
    """The operations on tasks."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def ready(
        self,
        *,
        limit: int | None = None,
        model_id: str | None = None,
        action: str | None = None,
        phase: str | None = None,
        cursor: str | None = None,
    ) -> shapes.ReadyPage:
        """What an operator can take now, as bots are offered it. Takes nothing."""
        return await self._transport.ask(
            "GET",
            "/api/operator/tasks",
            shapes.ReadyPage,
            query={"limit": limit, "model_id": model_id, "action": action, "phase": phase, "cursor": cursor},
        )

    async def open_session(
        self, *, client: str | Unset | None = UNSET, host: str | Unset | None = UNSET
    ) -> shapes.OpenedSession:
        """Opens a session of the person who calls."""
        return await self._transport.ask(
            "POST",
            "/api/operator/tasks/sessions",
            shapes.OpenedSession,
            body={"client": client, "host": host},
            repeatable=False,
        )

    async def own_session(self, session_id: str) -> shapes.OwnSession:
        """The caller's session with what it holds, tokens included: they are its own."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/tasks/sessions/{quoted(session_id)}",
            shapes.OwnSession,
        )

    async def heartbeat(self, session_id: str, *, note: str | Unset | None = UNSET) -> shapes.Heartbeat:
        """Says that the person is still there: their leases are extended."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/tasks/sessions/{quoted(session_id)}/heartbeat",
            shapes.Heartbeat,
            body={"note": note},
        )

    async def start(
        self, account_id: str, *, bot_session: str | None = None, lease_token: str | None = None
    ) -> shapes.StartedWarmup:
        """Starts the warm-up, with a lease for the caller."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/tasks/accounts/{quoted(account_id)}/start",
            shapes.StartedWarmup,
            headers={"Bot-Session": bot_session, "Lease-Token": lease_token},
        )

    async def take(
        self, account_id: str, *, bot_session: str | None = None, lease_token: str | None = None
    ) -> shapes.Delivery:
        """Takes the next phase with its content, in one step; starts the warm-up where it has not begun."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/tasks/accounts/{quoted(account_id)}/take",
            shapes.Delivery,
            headers={"Bot-Session": bot_session, "Lease-Token": lease_token},
        )

    async def content(
        self, account_id: str, phase: str, *, bot_session: str | None = None, lease_token: str | None = None
    ) -> shapes.Delivery:
        """Takes the phase: its content, under the caller's lease."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/tasks/accounts/{quoted(account_id)}/content/{quoted(phase)}",
            shapes.Delivery,
            headers={"Bot-Session": bot_session, "Lease-Token": lease_token},
        )

    async def complete(
        self,
        account_id: str,
        phase: str,
        *,
        lease_token: str,
        bot_session: str | None = None,
        execution_time_ms: int | Unset | None = UNSET,
        platform_response: Any = UNSET,
        performance_score: float | Unset | None = UNSET,
        finish: bool | Unset = UNSET,
    ) -> shapes.Completion:
        """It is done."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/tasks/accounts/{quoted(account_id)}/complete/{quoted(phase)}",
            shapes.Completion,
            headers={"Lease-Token": lease_token, "Bot-Session": bot_session},
            body={
                "execution_time_ms": execution_time_ms,
                "platform_response": platform_response,
                "performance_score": performance_score,
                "finish": finish,
            },
        )

    async def report(
        self,
        account_id: str,
        *,
        lease_token: str,
        phase: str,
        kind: shapes.ReportKind,
        message: str,
        bot_session: str | None = None,
        code: str | Unset | None = UNSET,
        details: dict[str, Any] | Unset | None = UNSET,
        retry_after_seconds: int | Unset = UNSET,
    ) -> shapes.Report:
        """It is not done, or nobody knows."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/tasks/accounts/{quoted(account_id)}/report",
            shapes.Report,
            headers={"Lease-Token": lease_token, "Bot-Session": bot_session},
            body={
                "phase": phase,
                "kind": kind,
                "message": message,
                "code": code,
                "details": details,
                "retry_after_seconds": retry_after_seconds,
            },
        )

    async def release(self, account_id: str, *, lease_token: str, bot_session: str | None = None) -> shapes.Released:
        """Gives the account back without recording an outcome."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/tasks/accounts/{quoted(account_id)}/release",
            shapes.Released,
            headers={"Lease-Token": lease_token, "Bot-Session": bot_session},
        )

    async def finish(
        self, account_id: str, *, bot_session: str | None = None, lease_token: str | None = None
    ) -> shapes.ChangedWarmup:
        """Ends the warm-up of an account whose phases are all completed: it is active."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/tasks/accounts/{quoted(account_id)}/finish",
            shapes.ChangedWarmup,
            headers={"Bot-Session": bot_session, "Lease-Token": lease_token},
        )


class Texts:
    """The operations on texts."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self, model_id: str, body: shapes.TextBody | Sequence[shapes.TextBody]
    ) -> shapes.CreatedText | shapes.TextOutcomes:
        """Adds a text, or up to 100, to the pool."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/models/{quoted(model_id)}/texts",
            shapes.CreatedText | shapes.TextOutcomes,  # type: ignore[arg-type]  # a union, which mypy takes for no type
            body=body,
        )

    def list_all(
        self,
        model_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        category: str | None = None,
        status: str | None = None,
    ) -> AsyncPages[shapes.Text]:
        """The texts of a model."""
        return self._transport.pages(
            "GET",
            f"/api/operator/models/{quoted(model_id)}/texts",
            shapes.Text,
            query={"limit": limit, "cursor": cursor, "category": category, "status": status},
        )

    async def get(self, model_id: str, text_id: str) -> shapes.Text:
        """One text with its usage."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/models/{quoted(model_id)}/texts/{quoted(text_id)}",
            shapes.Text,
        )

    async def edit(
        self,
        model_id: str,
        text_id: str,
        *,
        if_match: str | None = None,
        category: str | Unset = UNSET,
        quality_score: float | Unset = UNSET,
        max_usage: int | Unset = UNSET,
        theme: str | Unset | None = UNSET,
        tags: list[str] | Unset = UNSET,
        licence: shapes.LicenceBody | Unset | None = UNSET,
        enabled: bool | Unset = UNSET,
        status: shapes.ItemRights | Unset = UNSET,
        reason: str | Unset | None = UNSET,
        body: str | Unset = UNSET,
    ) -> shapes.EditedText:
        """Changes what is given; an item that loses its rights leaves selection at once."""
        return await self._transport.ask(
            "PATCH",
            f"/api/operator/models/{quoted(model_id)}/texts/{quoted(text_id)}",
            shapes.EditedText,
            headers={"If-Match": if_match},
            body={
                "category": category,
                "quality_score": quality_score,
                "max_usage": max_usage,
                "theme": theme,
                "tags": tags,
                "licence": licence,
                "enabled": enabled,
                "status": status,
                "reason": reason,
                "body": body,
            },
        )

    async def import_all(
        self, model_id: str, body: str | bytes, *, dry_run: bool | None = None, media_type: str = "text/csv"
    ) -> shapes.PoolImport:
        """Adds many to the pool; a bad row never spoils the others."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/models/{quoted(model_id)}/texts/import",
            shapes.PoolImport,
            query={"dry_run": dry_run},
            raw=(media_type, body),
        )


class Users:
    """The operations on users."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def me(self) -> shapes.Me:
        """Who the caller is, by which role, on which models, and what that role may."""
        return await self._transport.ask(
            "GET",
            "/api/operator/me",
            shapes.Me,
        )

    async def create(
        self,
        *,
        role: shapes.Role,
        user_id: str | Unset | None = UNSET,
        name: str | Unset | None = UNSET,
        models: list[str] | Unset | None = UNSET,
        expires_at: datetime | Unset | None = UNSET,
    ) -> shapes.CreatedUser:
        """Creates a user of a role; the key is in the answer, this once. Nobody grants more than they have."""
        return await self._transport.ask(
            "POST",
            "/api/operator/users",
            shapes.CreatedUser,
            body={"role": role, "user_id": user_id, "name": name, "models": models, "expires_at": expires_at},
        )

    def list_all(self, *, limit: int | None = None, cursor: str | None = None) -> AsyncPages[shapes.User]:
        """All users; with `keys:read` their keys, too."""
        return self._transport.pages(
            "GET",
            "/api/operator/users",
            shapes.User,
            query={"limit": limit, "cursor": cursor},
        )

    async def get(self, user_id: str) -> shapes.User:
        """One user."""
        return await self._transport.ask(
            "GET",
            f"/api/operator/users/{quoted(user_id)}",
            shapes.User,
        )

    async def edit(
        self,
        user_id: str,
        *,
        if_match: str | None = None,
        name: str | Unset | None = UNSET,
        role: shapes.Role | Unset | None = UNSET,
        models: list[str] | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
    ) -> shapes.ChangedUser:
        """Changes a user: name, role, models (null: all), or lets a disabled one have keys again (`disabled` false)."""
        return await self._transport.ask(
            "PATCH",
            f"/api/operator/users/{quoted(user_id)}",
            shapes.ChangedUser,
            headers={"If-Match": if_match},
            body={"name": name, "role": role, "models": models, "disabled": disabled},
        )

    async def rotate_key(self, user_id: str, *, expires_at: datetime | Unset | None = UNSET) -> shapes.NewUserKey:
        """Makes a new key beside the live one; it is in the answer, this once."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/users/{quoted(user_id)}/keys",
            shapes.NewUserKey,
            body={"expires_at": expires_at},
            repeatable=False,
        )

    async def revoke_key(self, user_id: str, key_id: str) -> shapes.ChangedUser:
        """Revokes a key, everywhere within a minute."""
        return await self._transport.ask(
            "DELETE",
            f"/api/operator/users/{quoted(user_id)}/keys/{quoted(key_id)}",
            shapes.ChangedUser,
        )

    async def disable(self, user_id: str, *, reason: str) -> shapes.ChangedUser:
        """Revokes all keys of a user, who gets no new one until somebody enables them again (`disabled` false)."""
        return await self._transport.ask(
            "POST",
            f"/api/operator/users/{quoted(user_id)}/disable",
            shapes.ChangedUser,
            body={"reason": reason},
        )


class Operations:
    """All operations, by noun."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.accounts = Accounts(transport)
        self.audit = Audit(transport)
        self.bots = Bots(transport)
        self.claims = Claims(transport)
        self.content = Content(transport)
        self.health = Health(transport)
        self.issuer = Issuer(transport)
        self.leases = Leases(transport)
        self.models = Models(transport)
        self.phases = Phases(transport)
        self.pipeline = Pipeline(transport)
        self.plans = Plans(transport)
        self.review = Review(transport)
        self.sessions = Sessions(transport)
        self.stewardship = Stewardship(transport)
        self.tasks = Tasks(transport)
        self.texts = Texts(transport)
        self.users = Users(transport)
