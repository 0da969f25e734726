"""How the loopback cloud behaves where the real one is undecided, slow or different from account to account."""

from dataclasses import dataclass

from imgkit.simulator.buckets import is_bucket_name
from imgkit.simulator.regions import REGIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """Everything that is no image, bucket or fault. The defaults are the cloud on a good day."""

    region_id: str = "cn-hangzhou"
    access_key_id: str = "LTAI5tSimulatedKey0000001"
    access_key_secret: str = "loopback-secret-of-no-value"  # noqa: S105 (opens nothing but this loopback cloud)
    account_id: str = "1234567890123456"  # what STS says whose key it is
    bucket: str = "evidence"
    clock_offset_seconds: float = 0.0  # the server's clock against this machine's

    dry_run: str = "error"  # error: code DryRunOperation; success: a plain answer
    service_role: bool = True  # false: NoSetRoletoECSServiceAcount
    concurrent_exports: int = 0  # above 0: more running exports give ConcurrentQuotaExceed.ExportImage

    waiting_seconds: float = 0.0  # how long a task waits before work begins
    export_seconds: float = 0.0  # the least time an export takes; its percentages stretch over it
    archive: str = "sparse"  # sparse: `tar --sparse`; dense: zeroes written out
    naming: str = "underscore"  # underscore: as the API names objects; hyphen: as the console does
    packaging: str = "auto"  # auto: only raw in .tar.gz; bare: nothing; tar.gz: every format
    gzip_level: int = 6

    task_id_field: str = "TaskId"  # older answers carry ExportTaskId
    support_cancel: str = "text"  # text: "true"; bool: true
    seconds_in_times: bool = True  # false: 2015-11-23T02:13Z
    related_items: str = "per_disk"  # together: one entry names all objects; absent: no OperationProgressSet
    running_word: str = "Processing"
    cancelled_word: str = "Cancelled"

    restore_seconds: float = 0.0  # how long RestoreObject takes
    refuse_v1: bool = False  # buckets created since 2025-09 take no signatures V1

    def __post_init__(self) -> None:
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} is one of {', '.join(words)}, not {getattr(self, name)!r}")
        if self.region_id not in REGIONS:
            raise ValueError(f"region_id is one of {', '.join(sorted(REGIONS))}, not {self.region_id!r}")
        if not is_bucket_name(self.bucket):
            raise ValueError(f"{self.bucket!r} is no bucket name")
        if not 0 <= self.gzip_level <= 9:
            raise ValueError(f"gzip_level is 0 to 9, not {self.gzip_level}")


_WORDS = {
    "dry_run": ("error", "success"),
    "archive": ("sparse", "dense"),
    "naming": ("underscore", "hyphen"),
    "packaging": ("auto", "bare", "tar.gz"),
    "task_id_field": ("TaskId", "ExportTaskId"),
    "support_cancel": ("text", "bool"),
    "related_items": ("per_disk", "together", "absent"),
}
