"""STS: the one action that says whose key it is."""

from typing import Any

from imgkit.simulator.acs3 import NonceMemory, authenticate
from imgkit.simulator.cloud import Cloud, new_request_id
from imgkit.simulator.ecs_errors import EcsError, error_response, json_response
from imgkit.simulator.keyring import AccessKey
from imgkit.simulator.messages import Request, Response
from imgkit.units import MiB

VERSION = "2015-04-01"
_LARGEST_BODY = 1 * MiB


class StsService:
    """Answers requests to STS."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._nonces = NonceMemory()

    def handle(self, request: Request) -> Response:
        """Return the answer to a request, refused or not."""
        request_id = new_request_id()
        try:
            key = self._let_in(request)
        except EcsError as error:
            return error_response(error, request_id=request_id, host=request.header("host"))
        return json_response({"RequestId": request_id, **self._identity(key)})

    def _let_in(self, request: Request) -> AccessKey:
        body = request.body.read(_LARGEST_BODY + 1)
        if len(body) > _LARGEST_BODY:
            raise EcsError("RequestEntityTooLarge")
        now = self._cloud.now()
        key = authenticate(request, body, keyring=self._cloud.keyring, nonces=self._nonces, now=now)
        if request.header("x-acs-action") != "GetCallerIdentity":
            raise EcsError("InvalidAction.NotFound")
        return key

    def _identity(self, key: AccessKey) -> dict[str, Any]:
        account = self._cloud.settings.account_id
        if key.token:
            return {
                "IdentityType": "AssumedRoleUser",
                "AccountId": account,
                "PrincipalId": "300000000000000001:session",
                "RoleId": "300000000000000001",
                "Arn": f"acs:ram::{account}:assumed-role/simulated/session",
            }
        return {
            "IdentityType": "RAMUser",
            "AccountId": account,
            "PrincipalId": "200000000000000001",
            "UserId": "200000000000000001",
            "Arn": f"acs:ram::{account}:user/simulated",
        }
