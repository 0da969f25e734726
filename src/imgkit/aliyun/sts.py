"""STS: whose credentials are at work. Asked once and not waited for: it is for the record, and nothing hangs on it."""

from dataclasses import replace

from imgkit.aliyun.credentials import Credentials
from imgkit.aliyun.ecs_answers import Raw
from imgkit.aliyun.ecs_transport import NoAnswer, Refused, SdkTransport, Transport
from imgkit.aliyun.endpoints import Endpoint, check_region, ecs_endpoint
from imgkit.aliyun.explain import one_line
from imgkit.aliyun.network import DIRECT, NetworkSettings, is_loopback
from imgkit.aliyun.sdk_logging import quieten_sdks
from imgkit.errors import ImgkitError
from imgkit.model.manifest import CallerRecord

VERSION = "2015-04-01"
_PATIENCE_SECONDS = 3.0


def ask_caller(
    *,
    region_id: str,
    credentials: Credentials,
    endpoint: Endpoint,
    network: NetworkSettings = DIRECT,
    transport: Transport | None = None,
) -> CallerRecord:
    """Ask GetCallerIdentity, which every identity may. Why it could not be had is in the answer, and nothing raised."""
    quieten_sdks()
    hasty = replace(
        network,
        connect_timeout_seconds=min(network.connect_timeout_seconds, _PATIENCE_SECONDS),
        read_timeout_seconds=min(network.read_timeout_seconds, _PATIENCE_SECONDS),
    )
    try:
        transport = transport or SdkTransport(
            region_id=check_region(region_id),
            credentials=credentials,
            endpoint=endpoint,
            network=hasty,
            version=VERSION,
        )
        return _read(transport.send("GetCallerIdentity", {}))
    except NoAnswer as error:
        return CallerRecord(undetermined=f"STS gave no answer: {error.reason}")
    except Refused as error:
        refusal = error.refusal
        words = f"STS refused: {refusal.code or refusal.status} {one_line(refusal.message)}".rstrip()
        return CallerRecord(undetermined=words, request_id=refusal.request_id)
    except ImgkitError as error:
        return CallerRecord(undetermined=error.message)


def sts_endpoint(
    region_id: str, *, ecs: str = "", oss: str = "", internal: bool = False, explicit: str = ""
) -> Endpoint | None:
    """Choose the endpoint of STS ("Endpoints" in the STS documentation); None where it is better not asked.

    Where ECS is on loopback, STS is there too; keys of a loopback OSS are shown to nobody on the network.
    """
    if explicit:
        return ecs_endpoint(explicit)
    chosen = ecs_endpoint(ecs)
    if chosen is not None and is_loopback(chosen.host):
        return chosen
    other = ecs_endpoint(oss)
    if other is not None and is_loopback(other.host):
        return None
    return Endpoint(scheme="https", host=f"sts{'-vpc' if internal else ''}.{check_region(region_id)}.aliyuncs.com")


def _read(raw: Raw) -> CallerRecord:
    account = str(raw.get("AccountId") or "")
    return CallerRecord(
        account_id=account,
        user_id=str(raw.get("UserId") or raw.get("RoleId") or ""),
        arn=str(raw.get("Arn") or ""),
        identity_type=str(raw.get("IdentityType") or ""),
        request_id=str(raw.get("RequestId") or ""),
        undetermined="" if account else "the answer of STS names no account",
    )
