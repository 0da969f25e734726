"""Exports at work: one thread a task, from the disks of an image to whole objects in a bucket."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.cloud import Cloud
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.images import CloudDisk, CloudImage
from imgkit.simulator.object_names import is_packed, object_name
from imgkit.simulator.object_store import Incoming, Nature
from imgkit.simulator.packing import Advance, Cancelled, convert, copy, pack
from imgkit.simulator.tasks import DiskOutcome, Task, TaskState
from imgkit.units import GiB

log = logging.getLogger(__name__)

_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """What one ExportImage asks for."""

    image: CloudImage
    bucket: CloudBucket
    prefix: str
    image_format: str
    faults: tuple[Fault, ...] = ()

    def fault(self, kind: FaultKind, device: str = "") -> Fault | None:
        """Return the fault of that kind, for that disk."""
        return next((one for one in self.faults if one.kind is kind and one.device in ("", device)), None)


@dataclass(slots=True)
class _Worker:
    thread: threading.Thread
    cancelled: threading.Event = field(default_factory=threading.Event)


class TaskFailed(Exception):
    """The task fails for a reason that the service knows."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class Exporter:
    """Starts, cancels and, at the end, stops exports."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._ending = threading.Lock()  # a task is either cancelled or finished, never half of both
        self._workers: dict[str, _Worker] = {}

    def start(self, task: Task, job: ExportJob) -> None:
        """Begin the work of a task."""
        thread = threading.Thread(target=self._work, args=(task, job), name=f"export-{task.task_id}", daemon=True)
        with self._lock:
            self._workers[task.task_id] = _Worker(thread)
        thread.start()

    def cancel(self, task_id: str) -> bool:
        """End a running task without its objects; False where it had ended already."""
        with self._lock:
            worker = self._workers.get(task_id)
        with self._ending:
            if worker is None or not self._cloud.tasks.end(task_id, TaskState.CANCELLED, self._cloud.now()):
                return False
            worker.cancelled.set()
        return True

    def stop(self) -> None:
        """Cancel everything and wait until the programs are gone."""
        with self._lock:
            workers = list(self._workers.values())
        for worker in workers:
            worker.cancelled.set()
        for worker in workers:
            worker.thread.join(_STOP_SECONDS)

    def _work(self, task: Task, job: ExportJob) -> None:
        cancelled = self._workers[task.task_id].cancelled
        try:
            _Export(self._cloud, task, job, cancelled=cancelled, ending=self._ending).run()
        except Cancelled:
            self._cloud.tasks.end(task.task_id, TaskState.CANCELLED, self._cloud.now())
        except TaskFailed as failed:
            self._fail(task, failed.code, failed.message)
        except Exception as error:
            log.warning("the export %s failed", task.task_id, exc_info=True)
            self._fail(task, "InternalError", str(error))

    def _fail(self, task: Task, code: str, message: str) -> None:
        outcome = DiskOutcome(bucket="", key="", image_format="", error_code=code, error_message=message)
        self._cloud.tasks.end(task.task_id, TaskState.FAILED, self._cloud.now(), [outcome])


class _Export:
    """One export; its steps share what is here."""

    def __init__(
        self, cloud: Cloud, task: Task, job: ExportJob, *, cancelled: threading.Event, ending: threading.Lock
    ) -> None:
        self.cloud = cloud
        self.ending = ending
        self.settings = cloud.settings
        self.task = task
        self.job = job
        self.cancelled = cancelled

    def run(self) -> None:
        self._wait(self.settings.waiting_seconds)
        self.cloud.tasks.progress(self.task.task_id, 0.0)
        self._refuse_existing()
        fault = self.job.fault(FaultKind.FAIL_TASK)
        if fault is not None:
            raise TaskFailed(fault.code or "ExportImageFailed", fault.message or "The export failed.")
        with ExitStack() as stack:
            made = [self._make(stack, number, disk) for number, disk in enumerate(self.job.image.disks)]
            self._wait_for_the_least_time()
            with self.ending:
                self._refuse_existing()
                self._publish([(outcome, incoming) for outcome, incoming in made if incoming is not None])
                outcomes = [outcome for outcome, _ in made]
                self.cloud.tasks.end(self.task.task_id, TaskState.FINISHED, self.cloud.now(), outcomes)

    def _make(self, stack: ExitStack, number: int, disk: CloudDisk) -> tuple[DiskOutcome, Incoming | None]:
        key = self._key(disk)
        outcome = DiskOutcome(bucket=self.job.bucket.name, key=key, image_format=self.job.image_format.upper())
        fault = self.job.fault(FaultKind.FAIL_DISK, disk.name)
        if fault is not None:
            code, message = fault.code or "ExportImageFailed", fault.message or "The disk could not be exported."
            return DiskOutcome(bucket="", key="", image_format="", error_code=code, error_message=message), None
        incoming = stack.enter_context(self.cloud.store.incoming(self.job.bucket.name, with_md5=False))
        disks = max(1, len(self.job.image.disks))
        self._write(disk, key, incoming, lambda share: self._advance((number + share) / disks))
        return outcome, incoming

    def _write(self, disk: CloudDisk, key: str, out: Incoming, advance: Advance) -> None:
        packed = is_packed(self.job.image_format, self.settings)
        with self._source(disk) as source, self._converted(source, key, advance) as file:
            if packed:
                pack(
                    file,
                    key.removesuffix(".tar.gz"),
                    out,
                    sparse=self.settings.archive == "sparse",
                    level=self.settings.gzip_level,
                    cancelled=self.cancelled,
                    advance=advance,
                )
            else:
                copy(file, out, cancelled=self.cancelled, advance=advance)

    @contextmanager
    def _source(self, disk: CloudDisk) -> Iterator[Path]:
        """Give the raw disk; one without a file is a hole, made here."""
        if disk.file:
            yield Path(disk.file)
            return
        path = self.cloud.store.scratch(self.job.bucket.name) / f"{self.task.task_id}.{disk.name}.hole"
        try:
            with path.open("xb") as file:
                file.truncate(disk.gib * GiB)
            yield path
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def _converted(self, source: Path, key: str, advance: Advance) -> Iterator[Path]:
        if self.job.image_format == "raw":
            yield source
            return
        path = self.cloud.store.scratch(self.job.bucket.name) / f"{self.task.task_id}.{key}.converted"
        try:
            convert(
                source, path, self.job.image_format, cancelled=self.cancelled, advance=lambda done: advance(done / 2)
            )
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _publish(self, made: list[tuple[DiskOutcome, Incoming]]) -> None:
        if self.cancelled.is_set():
            raise Cancelled
        bucket = self.job.bucket
        nature = Nature(
            modified=self.cloud.now(), storage_class=bucket.storage_class, versioned=bucket.versioning == "Enabled"
        )
        for outcome, incoming in made:
            self.cloud.store.publish(bucket.name, outcome.key, incoming, nature)

    def _refuse_existing(self) -> None:
        for disk in self.job.image.disks:
            key = self._key(disk)
            if self.cloud.store.find(self.job.bucket.name, key) is not None:
                raise TaskFailed("IMAGE_ALREADY_EXIST", f"The object {key} already exists in the bucket.")

    def _key(self, disk: CloudDisk) -> str:
        return object_name(
            self.job.image.image_id,
            disk,
            prefix=self.job.prefix,
            image_format=self.job.image_format,
            settings=self.settings,
        )

    def _advance(self, work_done: float) -> None:
        self.cloud.tasks.progress(self.task.task_id, work_done)

    def _wait_for_the_least_time(self) -> None:
        end = self.task.created + timedelta(seconds=self.settings.export_seconds)
        self._wait((end - self.cloud.now()).total_seconds())

    def _wait(self, seconds: float) -> None:
        if seconds > 0 and self.cancelled.wait(seconds):
            raise Cancelled
