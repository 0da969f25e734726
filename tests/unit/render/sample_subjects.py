"""Subjects of the sample report, each with something of everything and hostile text in it."""

from datetime import UTC, datetime

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
from imgkit.model.fact import Fact, Setting
from imgkit.model.files import CapableFile, Files, NotedFile, NotedFiles
from imgkit.model.logs import Log, LogFile, LogGap, LogKind, Logs, LogTime
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
from imgkit.model.server_settings import Server, ServerKind, ServerSettings
from imgkit.model.tree import EntryKind

MOMENT = datetime(2026, 11, 22, 18, 5, 9, 120000, tzinfo=UTC)


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
