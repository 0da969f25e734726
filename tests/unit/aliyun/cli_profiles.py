"""What `aliyun configure` writes."""

import json
from pathlib import Path

SECRET = "s3cr3t-value"


def write_cli_config(home: Path, *profiles: dict[str, str], current: str = "default") -> Path:
    path = home / ".aliyun" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"current": current, "profiles": list(profiles)}))
    return path


def ak_profile(name: str, key_id: str, **more: str) -> dict[str, str]:
    return {"name": name, "mode": "AK", "access_key_id": key_id, "access_key_secret": SECRET, **more}
