"""A generator of another house takes OpenAPI as it is, and what it makes is strictly typed TypeScript."""

import os
import subprocess
from pathlib import Path

import pytest

from infrastructure.openapi import FILE

TOOLS = Path(__file__).parents[2] / ".tools" / "typescript" / "node_modules" / ".bin"
BOT = """
import type { components, operations, paths } from "./api";

type Answer<P extends keyof paths> = paths[P] extends { post: { responses: { 200: { content: infer C } } } }
    ? C extends { "application/json": infer A } ? A : never
    : never;
declare const claimed: Answer<"/api/bot/accounts/claim">;
const token: string = claimed.items[0].lease.lease_token;
const body: operations["phases.report_error"]["requestBody"]["content"]["application/json"] =
    { phase: "bio", kind: "transient", message: `${token} was refused` };
// @ts-expect-error  a kind that there is not
const wrong: typeof body = { phase: "bio", kind: "whatever", message: "" };
// @ts-expect-error  a member that there is not
const missing: components["schemas"]["Phase"]["colour"] = "blue";
export { body, missing, wrong };
"""
PROJECT = '{"compilerOptions": {"strict": true, "noEmit": true, "types": [], "lib": ["es2022"]}, "files": ["bot.ts"]}'


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [TOOLS / command[0], *command[1:]], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    return said


def test_an_independent_generator_takes_the_document_without_a_complaint(tmp_path: Path) -> None:
    if not TOOLS.is_dir():
        reason = "openapi-typescript is not installed: run `make setup` (it needs npm)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    said = run(tmp_path, "openapi-typescript", str(FILE), "--output", "api.ts", "--default-non-nullable=false")
    assert [line for line in said.splitlines() if not line.startswith(("✨", "🚀"))] == [], "no complaint"
    (tmp_path / "bot.ts").write_text(BOT, encoding="utf-8")
    (tmp_path / "tsconfig.json").write_text(PROJECT, encoding="utf-8")
    assert run(tmp_path, "tsc", "--project", ".") == ""
