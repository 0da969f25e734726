"""A report that has something of everything, with hostile text in it."""

from datetime import date

from tests.unit.render import sample_accounts, sample_persistence, sample_ssh
from tests.unit.render.sample_subjects import (
    MOMENT,
    make_cloud,
    make_containers,
    make_files,
    make_logs,
    make_network,
    make_servers,
)

from imgkit.model.accounts import Accounts, Group, PasswordState, User
from imgkit.model.boot import (
    Boot,
    BootCheck,
    BootEntry,
    BootModes,
    Driver,
    DriverPlace,
    Kernel,
    KernelDrivers,
    Loader,
    LoaderKind,
)
from imgkit.model.contents import Contents, FileKind, FolderSize, FoundFile, Holding, TopEntry
from imgkit.model.fact import Fact, Setting, Source
from imgkit.model.identity import Architecture, Identity, OperatingSystem, Timezone
from imgkit.model.mounts import ArrayEntry, EntryState, FstabEntry, MountKind, Mounts
from imgkit.model.packages import Bundle, BundleKind, Package, PackageDatabases, Repository, RepositoryKind
from imgkit.model.report import (
    DataDisk,
    DataFileSystem,
    Diagnostic,
    DiagnosticLevel,
    ImageState,
    Report,
    RunInfo,
    SystemReport,
    ToolVersion,
)
from imgkit.model.role import DiskRole
from imgkit.model.storage import (
    Disk,
    EncryptedVolume,
    FileSystem,
    Journal,
    LogicalVolume,
    Mount,
    MountState,
    Partition,
    PhysicalVolume,
    Storage,
    TableKind,
    Undetermined,
    VolumeGroup,
)
from imgkit.model.tree import EntryKind
from imgkit.units import GiB, MiB

SYSTEM, XVDB, XVDC, XVDD = DiskRole(), DiskRole("xvdb"), DiskRole("xvdc"), DiskRole("xvdd")
HOSTILE = "a\x1b[2Jb\u202ec\n\udcffd"


def source(path: bytes) -> Source:
    return Source(tree="system:1", path=path, sha256="00" * 32, size=7)


def make_storage() -> Storage:
    return Storage(
        disks=(
            Disk(role=SYSTEM, device="system", size_bytes=20 * GiB, table=TableKind.GPT),
            Disk(role=XVDB, device="xvdb", size_bytes=GiB, table=TableKind.MBR),
            Disk(role=XVDC, device="xvdc", size_bytes=GiB, table=TableKind.NONE),
        ),
        partitions=(
            Partition(role=SYSTEM, number=1, start_bytes=MiB, size_bytes=19 * GiB, name="root", uuid="AB-1"),
            Partition(role=XVDB, number=1, start_bytes=MiB, size_bytes=GiB - MiB, type="0x83", bootable=True),
        ),
        physical_volumes=(PhysicalVolume(place="xvdc", uuid="pv", group="vg", size_bytes=GiB, free_bytes=0),),
        volume_groups=(VolumeGroup(name="vg", uuid="vu", size_bytes=GiB, free_bytes=0),),
        logical_volumes=(LogicalVolume(name="data", group="vg", uuid="lu", size_bytes=GiB),),
        file_systems=(
            FileSystem(
                place="system:1",
                roles=(SYSTEM,),
                type="ext4",
                label="root",
                uuid="1234",
                size_bytes=19 * GiB,
                used_bytes=6 * GiB,
                free_bytes=12 * GiB,
                inodes=100,
                inodes_free=50,
                journal=Journal.REPLAYED,
            ),
            FileSystem(place="xvdb:1", roles=(XVDB,), type="ext4", error="bad superblock"),
            FileSystem(
                place="/dev/vg/data", roles=(XVDC,), type="xfs", size_bytes=GiB, used_bytes=MiB, free_bytes=GiB - MiB
            ),
        ),
        encrypted=(EncryptedVolume(place="system:2", roles=(SYSTEM,), type="luks2", uuid="lk"),),
        undetermined=(Undetermined(what="md", reason="no such program"),),
    )


def make_system() -> SystemReport:
    return SystemReport(
        root="system:1",
        identity=Identity(
            os=Fact.present(
                OperatingSystem(
                    name="Alibaba Cloud Linux",
                    release="3.2104 U10",
                    family="redhat",
                    id="alinux",
                    id_like=("rhel", "fedora"),
                    fields=(Setting(name="ID", value="alinux"),),
                ),
                sources=(source(b"/etc/os-release"),),
            ),
            architecture=Fact.present(Architecture(name="x86_64", bits=64, path=b"/sbin/init"), sources=()),
            hostname=Fact.present(HOSTILE, sources=(source(b"/etc/hostname"),)),
            machine_id=Fact.absent("empty: it is made when the machine next starts"),
            timezone=Fact.present(Timezone(name="Asia/Shanghai", rule="CST-8"), sources=()),
            locale=Fact.absent(),
        ),
        boot=Boot(
            modes=Fact.present(
                BootModes(bios=True, uefi=False, evidence=("/boot/grub2/i386-pc is there",)), sources=()
            ),
            loaders=Fact.present(
                (Loader(kind=LoaderKind.GRUB, path=b"/boot/grub2/grub.cfg", default="0"),), sources=()
            ),
            entries=Fact.present(
                (
                    BootEntry(
                        loader=LoaderKind.GRUB,
                        path=b"/boot/grub2/grub.cfg",
                        line=7,
                        title="Alibaba\x1b[1m Cloud Linux",
                        id="0",
                        kernel=b"/boot/vmlinuz-5.10.134",
                        initramfs=(b"/boot/initramfs-5.10.134.img",),
                        options="root=UUID=1234 ro console=ttyS0",
                        root="UUID=1234",
                        root_place="system:1",
                        consoles=("ttyS0",),
                        kernel_there=True,
                        default=True,
                    ),
                ),
                sources=(),
            ),
            drivers=Fact.present(
                (
                    KernelDrivers(
                        kernel="5.10.134",
                        initramfs=b"/boot/initramfs-5.10.134.img",
                        compression="zstd",
                        files=100,
                        early=True,
                        drivers=(
                            Driver(name="virtio_blk", place=DriverPlace.INITRAMFS),
                            Driver(name="nvme", place=DriverPlace.NOWHERE),
                        ),
                    ),
                ),
                sources=(),
            ),
            checks=Fact.present(
                (
                    BootCheck(name="virtio disk with 5.10.134", passed=True, words="there when it is needed"),
                    BootCheck(name="NVMe disk with 5.10.134", passed=False, words="nvme not where it is needed"),
                ),
                sources=(),
            ),
            kernels=Fact.present(
                (
                    Kernel(version="5.4.0", modules=b"/lib/modules/5.4.0"),
                    Kernel(
                        version="5.10.134",
                        image=b"/boot/vmlinuz-5.10.134",
                        image_bytes=9,
                        initramfs=(b"/boot/initramfs-5.10.134.img", b"/boot/initramfs-5.10.134\xff.img"),
                        modules=b"/lib/modules/5.10.134",
                    ),
                ),
                sources=(),
            ),
        ),
        mounts=Mounts(
            fstab=Fact.present(
                (
                    _entry(1, "UUID=1234", b"/", EntryState.FOUND, place="system:1"),
                    _entry(2, "/dev/vdd1", b"/d\xff", EntryState.UNRESOLVED, reason="disk xvdd is not in this set"),
                    _entry(3, "tmpfs", b"/tmp", EntryState.ELSEWHERE),
                ),
                notes=("line 9 has fewer than two fields",),
                sources=(source(b"/etc/fstab"),),
            ),
            mounted=(Mount(spec="UUID=1234", folder="/", type="ext4", options="ro", state=MountState.MOUNTED),),
            units=Fact.absent("no unit mounts anything"),
            encrypted=Fact.absent(),
            arrays=Fact.present(
                (ArrayEntry(path=b"/etc/mdadm.conf", line=1, name="/dev/md0\x1b[1m", words=("UUID=1",)),), sources=()
            ),
        ),
        packages=PackageDatabases(
            dpkg=Fact.absent("there is no dpkg database"),
            rpm=Fact.present(
                (
                    Package(
                        name="bash",
                        version="4.4",
                        release="4.al8",
                        epoch=0,
                        architecture="x86_64",
                        vendor="阿里云",
                        installed_at=MOMENT,
                    ),
                ),
                partial=True,
                notes=("one is damaged",),
                sources=(source(b"/var/lib/rpm/rpmdb.sqlite"),),
            ),
            apk=Fact.undetermined("bad sector"),
            repositories=Fact.present(
                (
                    Repository(
                        kind=RepositoryKind.YUM,
                        path=b"/etc/yum.repos.d/alinux.repo",
                        line=1,
                        name="base",
                        addresses=("http://mirrors.cloud.aliyuncs.com/alinux",),
                        enabled=True,
                        signed=False,
                    ),
                ),
                sources=(),
            ),
            bundles=Fact.present((Bundle(kind=BundleKind.SNAP, name="lxd", revisions=("99", "100")),), sources=()),
        ),
        accounts=Accounts(
            users=Fact.present(
                (
                    _user("root", 0, b"/bin/bash", PasswordState.SET, "sha512crypt"),
                    _user("daemon", 1, b"/sbin/nologin", PasswordState.LOCKED),
                    _user(HOSTILE, 0, b"/bin/sh\xff", PasswordState.EMPTY),
                ),
                notes=("user id 0 is shared by root, x",),
                sources=(source(b"/etc/passwd"),),
            ),
            groups=Fact.present(
                (Group(name="wheel", gid=10, members=("root",), administrators=("eve",), shadow_members=("eve",)),),
                sources=(source(b"/etc/group"),),
            ),
            subordinate_ids=sample_accounts.subordinate_ids(),
            sudoers=sample_accounts.sudoers(),
        ),
        network=make_network(),
        cloud=make_cloud(),
        logs=make_logs(),
        containers=make_containers(),
        servers=make_servers(),
        files=Fact.present(make_files(), sources=()),
        logins=sample_accounts.logins(),
        ssh=sample_ssh.ssh(),
        persistence=sample_persistence.persistence(),
    )


def make_data_disks() -> tuple[DataDisk, ...]:
    contents = Contents(
        whole=False,
        entries_seen=3,
        files=2,
        folders=1,
        links=0,
        others=0,
        bytes_in_files=3 * MiB,
        top=(
            TopEntry(
                name=b"back\xffup",
                kind=EntryKind.FOLDER,
                mode="rwxr-xr-x",
                uid=0,
                gid=0,
                modified=MOMENT,
                bytes_below=3 * MiB,
                files_below=2,
            ),
        ),
        largest=(FoundFile(path=b"/back\xffup/\x1b[31m", size=2 * MiB, modified=None),),
        newest=(),
        large_folders=(FolderSize(path=b"/back\xffup", bytes_below=3 * MiB, files_below=2),),
        holdings=(Holding(kind="Redis data", path=b"/r\x1bdis", version="7.2"),),
        kinds=(FileKind(kind="archive", files=2, total_bytes=3 * MiB, largest=b"/x.tar"),),
    )
    there = Fact.present(contents, notes=("the walk ended after 3 entries",), sources=())
    shut: Fact[Contents] = Fact.undetermined("bad superblock")
    return (
        DataDisk(role=XVDB, file_systems=(DataFileSystem(place="xvdb:1", roles=(XVDB,), contents=shut),)),
        DataDisk(role=XVDC, file_systems=(DataFileSystem(place="/dev/vg/data", roles=(XVDC,), contents=there),)),
    )


def make_report() -> Report:
    return Report(
        run=RunInfo(
            started=MOMENT,
            imgkit="0.1.0",
            engine="guestfs",
            tools=(ToolVersion(name="libguestfs", version="1.48.6"),),
            images=(
                ImageState(
                    role=SYSTEM, path=b"system.raw", format="raw", size_bytes=2**30, modified=MOMENT, inode="12"
                ),
            ),
        ),
        storage=make_storage(),
        systems=(make_system(),),
        data_disks=make_data_disks(),
        missing_disks=(XVDD,),
        diagnostics=(
            Diagnostic(subject="disks/xvdd", level=DiagnosticLevel.UNDETERMINED, message=f"not in {HOSTILE}"),
            Diagnostic(subject="systems/system:1/users", level=DiagnosticLevel.NOTE, message="user id 0 is shared"),
        ),
    )


def _entry(line: int, spec: str, folder: bytes, state: EntryState, *, place: str = "", reason: str = "") -> FstabEntry:
    return FstabEntry(
        line=line,
        spec=spec,
        folder=folder,
        type="ext4",
        options=("defaults", "nofail"),
        dump=0,
        check_pass=2,
        kind=MountKind.DEVICE,
        state=state,
        place=place,
        reason=reason,
        missing_role=XVDD if reason else None,
    )


def _user(name: str, uid: int, shell: bytes, password: PasswordState, algorithm: str = "") -> User:
    return User(
        name=name,
        uid=uid,
        gid=uid,
        comment="",
        home=b"/root",
        shell=shell,
        login_shell=b"nologin" not in shell,
        password=password,
        algorithm=algorithm,
        password_changed=date(2024, 2, 29),
    )
