"""The way of every request: to ECS, to OSS or to the control endpoint, past the faults, into the log."""

from dataclasses import dataclass
from datetime import datetime

from imgkit.simulator.cloud import Cloud, new_request_id
from imgkit.simulator.control import Control
from imgkit.simulator.ecs_errors import EcsError, error_response
from imgkit.simulator.ecs_service import EcsService
from imgkit.simulator.fault_effects import apply_after, apply_before, page
from imgkit.simulator.faults import Call, Fault, FaultKind
from imgkit.simulator.messages import ConnectionDropped, Request, Response, Sleep
from imgkit.simulator.oss_call import operation
from imgkit.simulator.oss_errors import OssError
from imgkit.simulator.oss_places import read_place
from imgkit.simulator.oss_service import OssService
from imgkit.simulator.request_log import Served
from imgkit.simulator.sts_service import VERSION as STS_VERSION
from imgkit.simulator.sts_service import StsService


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request with its answer. No response: the connection is to be closed without one."""

    request: Request
    at: datetime
    response: Response | None
    call: Call | None = None  # none: it was for the control endpoint, which keeps no log
    signature: str = ""
    faults: tuple[Fault, ...] = ()


class Front:
    """Answers every request and notes what went out."""

    def __init__(self, cloud: Cloud, ecs: EcsService, oss: OssService, control: Control, *, sleep: Sleep) -> None:
        self._cloud = cloud
        self._ecs = ecs
        self._oss = oss
        self._sts = StsService(cloud)
        self._control = control
        self._sleep = sleep

    def now(self) -> datetime:
        """Return the server's time, for the Date of every answer."""
        return self._cloud.now()

    def answer(self, request: Request) -> Exchange:
        """Return the answer to a request."""
        at = self._cloud.now()
        if self._control.is_meant(request):
            return Exchange(request=request, at=at, response=self._control.handle(request))
        call = read_call(request)
        faults = self._cloud.faults.take(call)
        response, signature = self._serve(request, call, faults)
        return Exchange(request=request, at=at, response=response, call=call, signature=signature, faults=faults)

    def blank(self, request: Request, response: Response) -> Exchange:
        """Return an exchange for a request that could not be answered as it should."""
        return Exchange(request=request, at=self._cloud.now(), response=response, call=read_call(request))

    def note(self, exchange: Exchange) -> int:
        """Write down an exchange; return the number to finish it with, -1 where it is not written down."""
        call = exchange.call
        if call is None:
            return -1
        return self._cloud.log.add(
            Served(
                at=exchange.at,
                service=call.service,
                action=call.action,
                method=call.method,
                path=exchange.request.path,
                bucket=call.bucket,
                key=call.key,
                range=call.range_header,
                signature=exchange.signature,
                status=exchange.response.status if exchange.response else 0,
                faults=tuple(fault.kind.value for fault in exchange.faults),
            )
        )

    def finish(self, number: int, bytes_sent: int) -> None:
        """Write down how much of the body went out."""
        self._cloud.log.finish(number, bytes_sent)

    def _serve(self, request: Request, call: Call, faults: tuple[Fault, ...]) -> tuple[Response | None, str]:
        try:
            apply_before(faults, call, request, self._cloud, sleep=self._sleep)
            response, signature = self._refusal(request, call, faults), ""
            if response is None:
                response, signature = self._ask(request, call, faults)
            return apply_after(faults, call, response, self._cloud), signature
        except ConnectionDropped:
            return None, ""

    def _ask(self, request: Request, call: Call, faults: tuple[Fault, ...]) -> tuple[Response, str]:
        if call.service == "sts":
            return self._sts.handle(request), "acs3"
        if call.service == "ecs":
            return self._ecs.handle(request, faults), "acs3"
        return self._oss.handle(request, faults)

    def _refusal(self, request: Request, call: Call, faults: tuple[Fault, ...]) -> Response | None:
        """Return the refusal that a fault demands."""
        for fault in faults:
            if fault.kind is FaultKind.HTML:
                return page(fault)
            if fault.kind is FaultKind.ERROR and call.service == "oss":
                error = OssError(fault.code or "ServiceUnavailable", fault.message, status=fault.status)
                return self._oss.refuse(request, error)
            if fault.kind is FaultKind.ERROR:
                refused = EcsError(fault.code or "ServiceUnavailable", fault.message, status=fault.status)
                return error_response(refused, request_id=new_request_id(), host=request.header("host"))
        return None


def read_call(request: Request) -> Call:
    """Return what a request asks for, before anybody has looked at its signature."""
    if request.header("x-acs-version") == STS_VERSION:
        return Call(service="sts", action=request.header("x-acs-action"), method=request.method)
    if "x-acs-action" in request.headers or (request.method == "POST" and request.path == "/"):
        return Call(service="ecs", action=request.header("x-acs-action"), method=request.method)
    place = read_place(request)
    return Call(
        service="oss",
        action=operation(request, place),
        method=request.method,
        bucket=place.bucket,
        key=place.key,
        range_header=request.header("range"),
    )
