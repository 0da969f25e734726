"""From settings to the real cloud and the real tools. Adapters are imported where they are needed, and only here.

The SDKs cost 0.7 to 1.5 s to import each: `--help` and all commands that need no cloud stay without them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imgkit.errors import ImgkitError, SettingsError
from imgkit.model.signing import JudgeSignature, SignatureKind, SignatureVerdict
from imgkit.ports import ImageCloud, ObjectStore, RangeSource
from imgkit.settings import Folders, Settings

if TYPE_CHECKING:
    from imgkit.aliyun.credentials import Credentials
    from imgkit.aliyun.endpoints import Endpoint
    from imgkit.aliyun.network import NetworkSettings
    from imgkit.model.manifest import CallerRecord


@dataclass(slots=True, kw_only=True)
class Services:
    """What the commands and the pipeline ask for; each is built at the first use."""

    settings: Settings
    folders: Folders
    environment: Mapping[str, str] = field(default_factory=dict)
    _credentials: "Credentials | None" = None
    _cloud: ImageCloud | None = None

    @property
    def region(self) -> str:
        """The region by flag, variable or file, else that of the profile. Raises SettingsError."""
        from imgkit.aliyun.credentials import profile_region

        region = self.settings.region or profile_region(self.settings.profile, self.folders.home)
        if not region:
            raise SettingsError(
                "no region is given", hint="Name it with --region, IMGKIT_REGION or in the profile of Alibaba's CLI."
            )
        return region

    def require_bucket(self) -> str:
        """Return the bucket's name. Raises SettingsError."""
        if not self.settings.bucket:
            raise SettingsError(
                "no bucket is given", hint="Name one in the image's region with --bucket or IMGKIT_BUCKET."
            )
        return self.settings.bucket

    def credentials(self) -> "Credentials":
        """Return credentials that refresh themselves. Raises SettingsError when there are none."""
        from imgkit.aliyun.credentials import environment_keys

        if self._credentials is None and not self.settings.profile:
            self._credentials = environment_keys(self.environment)
        if self._credentials is None:
            from imgkit.aliyun.credential_sources import find_credentials

            self._credentials = find_credentials(
                profile=self.settings.profile, environment=self.environment, home=self.folders.home
            )
        return self._credentials

    def cloud(self) -> ImageCloud:
        """Return ECS in the region."""
        from imgkit.aliyun.ecs import open_ecs

        if self._cloud is None:
            self._cloud = open_ecs(
                region_id=self.region,
                credentials=self.credentials(),
                endpoint=self.settings.ecs_endpoint,
                network=self.network(),
            )
        return self._cloud

    def caller(self) -> "CallerRecord":
        """Return whose credentials these are, or why that could not be found out; raises nothing."""
        from imgkit.aliyun.sts import ask_caller, sts_endpoint
        from imgkit.model.manifest import CallerRecord

        known = self.settings
        try:
            endpoint = sts_endpoint(
                self.region,
                ecs=known.ecs_endpoint,
                oss=known.oss_endpoint,
                internal=known.internal,
                explicit=known.sts_endpoint,
            )
            if endpoint is None:
                return CallerRecord(undetermined="OSS is on loopback, and STS was not asked")
            return ask_caller(
                region_id=self.region, credentials=self.credentials(), endpoint=endpoint, network=self.network()
            )
        except ImgkitError as error:
            return CallerRecord(undetermined=error.message)

    def store(self, bucket: str, *, version_id: str = "") -> ObjectStore:
        """Return one bucket in the region; with `version_id`, that version of its objects."""
        from imgkit.aliyun.oss import open_bucket

        return open_bucket(
            bucket,
            region_id=self.region,
            endpoint=self.endpoint(),
            credentials=self.credentials(),
            network=self.network(),
            requester_pays=self.settings.requester_pays,
            version_id=version_id,
        )

    def endpoint(self) -> "Endpoint":
        """Return where OSS is reached, as region and settings say. Raises SettingsError."""
        from imgkit.aliyun.endpoints import oss_endpoint

        return oss_endpoint(
            self.region,
            explicit=self.settings.oss_endpoint,
            internal=self.settings.internal,
            accelerate=self.settings.accelerate,
            cname=self.settings.cname,
        )

    def presigned(self, url: str) -> RangeSource:
        """Return the object behind a presigned URL."""
        from imgkit.aliyun.presigned import open_presigned

        return open_presigned(url, network=self.network())

    def explain_task_failure(self, code: str, message: str) -> ImgkitError:
        """Return the error that a failed task's code stands for."""
        from imgkit.aliyun.explain import explain_task_failure

        return explain_task_failure(code, message)

    def network(self) -> "NetworkSettings":
        """Return proxies and certificates."""
        from imgkit.aliyun.network import NetworkSettings

        return NetworkSettings(
            https_proxy=self.settings.https_proxy,
            http_proxy=self.settings.http_proxy,
            no_proxy=self.settings.no_proxy,
            ca_bundle=self.settings.ca_bundle,
        )

    def timestamp_server(self, url: str) -> Callable[[bytes], tuple[bytes, datetime]]:
        """Return who stamps bytes, and says with what time. Raises SettingsError for what is no server's address."""
        from imgkit.aliyun.network import describe_failure
        from imgkit.evidence.timestamp_server import ask_server, require_server_url
        from imgkit.evidence.timestamps import ask_for, require_answer

        parts = require_server_url(url)
        network = self.network()
        proxies = network.proxies_for(parts.scheme, parts.hostname or "")

        def stamp(content: bytes) -> tuple[bytes, datetime]:
            question = ask_for(content)
            ca_bundle = network.ca_bundle
            answer = ask_server(url, question.request, proxies=proxies, ca_bundle=ca_bundle, explain=describe_failure)
            return answer, require_answer(answer, content, question)

        return stamp

    def judges(self) -> Mapping[SignatureKind, JudgeSignature]:
        """Return who judges each kind of signature."""
        from imgkit.tools import minisign, ssh_keygen

        return {
            SignatureKind.SSH: ssh_keygen.judge,
            SignatureKind.MINISIGN: minisign.judge,
            SignatureKind.TIMESTAMP: _judge_timestamp,
        }

    def sdk_version(self, distribution: str) -> str:
        """Return the installed version of a library, for the record."""
        from importlib import metadata

        return metadata.version(distribution)

    @property
    def state_folder(self) -> Path:
        return self.folders.state


def _judge_timestamp(answer: bytes, statement: bytes, certificates: bytes | None) -> SignatureVerdict:
    from imgkit.evidence.timestamps import judge

    return judge(answer, statement, certificates)
