"""From settings to the real cloud and the real tools. Adapters are imported where they are needed, and only here.

The SDKs cost 0.7 to 1.5 s to import each: `--help` and all commands that need no cloud stay without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from imgkit.errors import ImgkitError, SettingsError
from imgkit.ports import ImageCloud, ObjectStore, RangeSource
from imgkit.settings import Folders, Settings

if TYPE_CHECKING:
    from imgkit.aliyun.credentials import Credentials
    from imgkit.aliyun.endpoints import Endpoint
    from imgkit.aliyun.network import NetworkSettings


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

    def sdk_version(self, distribution: str) -> str:
        """Return the installed version of a library, for the record."""
        return metadata.version(distribution)

    @property
    def state_folder(self) -> Path:
        return self.folders.state
