"""What stands beside the ingest: the same server that only verifies, and a server with an ORM commit for each request."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from sqlalchemy import String, event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.hooks import SECRET
from bot.chats import github_wire
from bot.store.database import Database
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.web import hooks


def verify_only() -> FastAPI:
    """The product's own endpoint, reading and verifying, but nothing that is sent means anything to it."""
    source = hooks.Source(
        "github",
        lambda headers, body, now: github_wire.verify(headers, body, secret=SECRET, now=now),
        lambda headers, body: (),  # noqa: ARG005 - the port's signature
    )
    app = FastAPI(docs_url=None, redoc_url=None)
    app.router.routes.append(hooks.forge_route(source, Inbox(Store(Database("sqlite+aiosqlite://")))))
    return app


class Base(DeclarativeBase):
    pass


class Delivery(Base):
    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_key: Mapped[str] = mapped_column(String(200), unique=True)
    event: Mapped[str] = mapped_column(String(100))
    received_at: Mapped[float]


class Message(Base):
    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(400), unique=True)
    author: Mapped[str] = mapped_column(String(100))
    body: Mapped[str]
    state: Mapped[str] = mapped_column(String(16), index=True)


def orm_commit_each(path: str) -> FastAPI:
    """As a bot usually does it: verify, read the JSON, two objects, one commit. As durable as ours: WAL and FULL."""
    # One connection: its writers then wait in line, which is faster than in SQLite's busy handler.
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=1, max_overflow=0, pool_timeout=60)
    event.listen(engine.sync_engine, "connect", _as_durable_as_ours)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    app = FastAPI(docs_url=None, redoc_url=None, lifespan=lifespan)

    @app.post("/hooks/github", status_code=202)
    async def receive(request: Request) -> None:
        body = await request.body()
        expected = "sha256=" + hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
        if not hmac.compare_digest(expected, request.headers["x-hub-signature-256"]):
            raise HTTPException(401)
        hook = json.loads(body)
        comment = hook["comment"]
        async with sessions() as session:
            session.add(
                Delivery(
                    delivery_key=request.headers["x-github-delivery"], event=request.headers["x-github-event"], received_at=time.time()
                )
            )
            session.add(Message(key=f"github:{comment['id']}", author=comment["user"]["login"], body=comment["body"], state="new"))
            await session.commit()

    return app


def _as_durable_as_ours(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def main() -> None:
    """`python -m bench.ingest_peers verify|orm PORT`, the database in the folder BENCH_HOME."""
    kind, port = sys.argv[1:]
    app = verify_only() if kind == "verify" else orm_commit_each(os.path.join(os.environ["BENCH_HOME"], "orm.db"))  # noqa: PTH118
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False, server_header=False, proxy_headers=False)


if __name__ == "__main__":
    main()
