"""A report that has something of everything, with hostile text in it."""

from datetime import UTC, date, datetime

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
from imgkit.model.cloud import (
    Agent,
    AgentKind,
    Cloud,
    CloudInit,
    CloudRun,
    CloudStage,
    InstanceData,
    TimeServer,
    Trace,
)
from imgkit.model.containers import Container, ContainerImage, Containers, Engine, EngineKind, Pod, Volume
from imgkit.model.contents import Contents, FileKind, FolderSize, FoundFile, Holding, TopEntry
from imgkit.model.fact import Fact, Setting, Source
from imgkit.model.files import CapableFile, Files, NotedFile, NotedFiles
from imgkit.model.identity import Architecture, Identity, OperatingSystem, Timezone
from imgkit.model.logs import Log, LogFile, LogGap, LogKind, Logs, LogTime
from imgkit.model.mounts import EntryState, FstabEntry, MountKind, Mounts
from imgkit.model.network import (
    Firewall,
    FirewallKind,
    HostName,
    Interface,
    Lease,
    Network,
    NetworkKind,
    Resolver,
)
from imgkit.model.packages import Bundle, BundleKind, Package, PackageDatabases, Repository, RepositoryKind
from imgkit.model.report import (
    DataDisk,
    DataFileSystem,
    Diagnostic,
    DiagnosticLevel,
    Report,
    RunInfo,
    SystemReport,
    ToolVersion,
)
from imgkit.model.role import DiskRole
from imgkit.model.server_settings import Server, ServerKind, ServerSettings
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
MOMENT = datetime(2026, 11, 22, 18, 5, 9, 120000, tzinfo=UTC)


def source(path: bytes) -> Source:
    return Source(tree="system:1", path=path, sha256="00" * 32, size=7)


def make_storage() -> Storage:
    return Storage(
        disks=(
            Disk(role=SYSTEM, device="sda", size_bytes=20 * GiB, table=TableKind.GPT),
            Disk(role=XVDB, device="sdb", size_bytes=GiB, table=TableKind.MBR),
            Disk(role=XVDC, device="sdc", size_bytes=GiB, table=TableKind.NONE),
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
            groups=Fact.present((Group(name="wheel", gid=10, members=("root",)),), sources=(source(b"/etc/group"),)),
        ),
        network=make_network(),
        cloud=make_cloud(),
        logs=make_logs(),
        containers=make_containers(),
        servers=make_servers(),
        files=Fact.present(make_files(), sources=()),
    )


def noted(path: bytes, why: str = "") -> NotedFile:
    return NotedFile(
        path=path, kind=EntryKind.FILE, mode="rwsr-xr-x", uid=0, gid=0, size=9, modified=MOMENT, changed=None, why=why
    )


def make_network() -> Network:
    return Network(
        interfaces=Fact.present(
            (
                Interface(
                    kind=NetworkKind.IFCFG, path=b"/etc/sysconfig/network-scripts/ifcfg-eth0", name="eth0", dhcp4=True
                ),
                Interface(
                    kind=NetworkKind.NETPLAN, path=b"/n", name="e\x1b[1m", addresses=("10.0.0.2/24",), at_boot=False
                ),
            ),
            sources=(),
        ),
        resolver=Fact.present(
            Resolver(name_servers=("100.100.2.136",), search=("x",), options=(), link=b"../run/\xff"), sources=()
        ),
        hosts=Fact.present((HostName(line=1, address="127.0.0.1", names=("localhost",)),), sources=()),
        access=Fact.absent(),
        firewalls=Fact.present(
            (
                Firewall(
                    kind=FirewallKind.UFW,
                    path=b"/etc/ufw/user.rules",
                    enabled=False,
                    policies=("filter INPUT DROP",),
                    rules=("-A x",),
                    rules_total=9,
                ),
            ),
            sources=(),
        ),
        leases=Fact.present(
            (
                Lease(
                    path=b"/l",
                    interface="eth0",
                    address="10.0.0.9",
                    server="10.0.0.1",
                    routers=(),
                    name_servers=(),
                    domain="",
                    expires=MOMENT,
                ),
            ),
            sources=(),
        ),
    )


def make_cloud() -> Cloud:
    return Cloud(
        init=Fact.present(
            CloudInit(
                version="23.2.2",
                instance_id="i-1",
                previous_instance_id="",
                data_source="AliYun",
                disabled=False,
                instances=("i-1",),
                settings=(Setting(name="locale", value="C\x1b[1m"),),
                finished="",
            ),
            sources=(),
        ),
        data=Fact.present(
            (
                InstanceData(
                    instance_id="i-1", name="user-data", path=b"/u", form="script", size=9, sha256="00" * 32, text=""
                ),
            ),
            sources=(),
        ),
        stages=Fact.present(
            (CloudStage(name="init", started=MOMENT, finished=None, errors=("failed\n",)),), sources=()
        ),
        runs=Fact.present((CloudRun(stage="init", version="23", at="Sun"),), sources=()),
        agents=Fact.present(
            (
                Agent(
                    kind=AgentKind.SECURITY,
                    paths=(b"/usr/local/aegis",),
                    versions=("11.1", "12.85"),
                    units=("aegis.service",),
                    enabled=True,
                ),
            ),
            sources=(),
        ),
        traces=Fact.present((Trace(what="a user", path=b"/etc/passwd", detail="ecs-user"),), sources=()),
        time_servers=Fact.present((TimeServer(path=b"/c", line=1, server="ntp.example"),), sources=()),
    )


def make_logs() -> Logs:
    time = LogTime(text="Nov 22 18:05:09", at=MOMENT, zone="CST-8", year_inferred=True)
    one = Log(
        path=b"/var/log/sec\xffure",
        kind=LogKind.LINES,
        files=(LogFile(path=b"/var/log/s.1", size=9, modified=MOMENT, compressed=False, first=time, last=time),),
        first=MOMENT,
        last=MOMENT,
        gaps=(LogGap(start=MOMENT, end=MOMENT, after=b"/a", before=b"/b"),),
    )
    return Logs(logs=Fact.present((one,), remarks=("/var/log/wtmp is empty",), sources=()))


def make_containers() -> Containers:
    docker = EngineKind.DOCKER
    one = Container(
        engine=docker,
        id="ab" * 32,
        name="web\x1b[1m",
        path=b"/var/lib/docker/containers/ab",
        image="nginx:1",
        command="nginx",
        created=MOMENT,
        started=MOMENT,
        finished=None,
        running=True,
        exit_code=0,
        privileged=True,
        restart="always",
        network="host",
        binds=("/:/host",),
        environment=("PATH",),
        ports=("*:80 to 80/tcp",),
        capabilities=(),
        labels=(),
    )
    return Containers(
        engines=Fact.present((Engine(kind=docker, path=b"/var/lib/docker"),), sources=()),
        images=Fact.present((ContainerImage(engine=docker, id="sha256:1", names=("nginx:1",)),), sources=()),
        containers=Fact.present((one,), remarks=("the container web is privileged",), sources=()),
        volumes=Fact.present((Volume(engine=docker, name="v", path=b"/v\xff"),), sources=()),
        pods=Fact.present((Pod(path=b"/p", kind="Pod", namespace="kube-system", name="etcd"),), sources=()),
    )


def make_servers() -> ServerSettings:
    one = Server(
        kind=ServerKind.REDIS,
        path=b"/etc/redis\xff.conf",
        listens=("*:6379",),
        names=(),
        folders=("/d\x1b[1m",),
        settings=(Setting(name="bind", value="*"),),
        open=("it listens everywhere",),
    )
    return ServerSettings(web=Fact.absent("none there"), databases=Fact.present((one,), sources=()))


def make_files() -> Files:
    none = NotedFiles(total=0, first=())
    return Files(
        whole=True,
        entries=3,
        last_change=MOMENT,
        set_id=NotedFiles(total=1, first=(noted(b"/usr/bin/e\x1b[1mvil"),)),
        capable=(CapableFile(path=b"/usr/bin/ping", permitted=("cap_net_raw",), inheritable=(), effective=True),),
        world_writable=none,
        open_folders=none,
        hidden_programs=NotedFiles(total=1, first=(noted(b"/tmp/.x"),)),
        temporary_programs=none,
        in_dev=none,
        devices_elsewhere=none,
        odd_names=NotedFiles(total=900, first=(noted(b"/\xff", "is no UTF-8"),)),
        odd_times=none,
        future_times=none,
        newest=(noted(b"/new"),),
        largest=(),
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
            images=(Setting(name="system", value="system.raw"),),
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
