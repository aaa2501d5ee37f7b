"""What the stand-ins remember of a webhook: where it leads, and how each delivery was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.forge import iso

if TYPE_CHECKING:
    from tests.fakes.forge import Sent

Json = dict[str, Any]
KEPT_S = {"github": 3 * 86_400.0, "gitlab": 7 * 86_400.0}


def github_hook(api: str, path: str, number: int, url: str) -> Json:
    address = f"{api}/repos/{path}/hooks/{number}"
    return {
        "type": "Repository",
        "id": number,
        "name": "web",
        "active": True,
        "events": ["*"],
        "config": {"content_type": "json", "insecure_ssl": "0", "url": url},
        "updated_at": "2024-02-29T12:00:00Z",
        "created_at": "2024-02-29T12:00:00Z",
        "url": address,
        "test_url": f"{address}/test",
        "ping_url": f"{address}/pings",
        "deliveries_url": f"{address}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


def github_sent(sent: Sent) -> Json:
    headers = sent.delivery.headers
    return {
        "id": sent.id,
        "guid": headers["x-github-delivery"],
        "delivered_at": iso(sent.at),
        "redelivery": False,
        "duration": 0.03,
        "status": "OK" if sent.status == 202 else "failed to connect",
        "status_code": sent.status,
        "event": headers["x-github-event"],
        "action": sent.payload.get("action"),
        "installation_id": None,
        "repository_id": sent.payload["repository"]["id"],
    }


def github_detail(sent: Sent) -> Json:
    request = {"headers": dict(sent.delivery.headers), "payload": sent.payload}
    return {
        **github_sent(sent),
        "url": "https://trellis.example/hooks/github",
        "request": request,
        "response": {"headers": {}, "payload": None},
    }


def gitlab_event(sent: Sent) -> Json:
    names = {"x-gitlab-event": "X-Gitlab-Event", "idempotency-key": "Idempotency-Key", "content-type": "Content-Type"}
    return {
        "id": sent.id,
        "url": "https://trellis.example/hooks/gitlab",
        "trigger": "note_hooks",
        "request_headers": {shown: sent.delivery.headers[name] for name, shown in names.items()},
        "request_data": sent.payload,
        "response_headers": {},
        "response_body": "",
        "execution_duration": 1.3,
        "response_status": str(sent.status) if sent.status else "internal error",
    }
