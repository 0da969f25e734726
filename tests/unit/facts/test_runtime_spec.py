from imgkit.facts.runtime_spec import RuntimeSpec

SPEC = RuntimeSpec(
    {
        "process": {
            "args": ["/bin/sleep", "9"],
            "env": ["TOKEN=s3cret", "PATH=/bin"],
            "capabilities": {"bounding": ["CAP_CHOWN"], "effective": ["CAP_KILL"]},
        },
        "annotations": {"a": "b"},
        "mounts": [
            {"type": "bind", "source": "/srv", "destination": "/srv", "options": ["rbind", "rw"]},
            {"type": "bind", "source": "/etc", "destination": "/e", "options": ["rbind", "ro"]},
            {"type": "bind", "source": "/own/hosts", "destination": "/etc/hosts"},
            {"type": "proc", "source": "proc", "destination": "/proc"},
        ],
        "linux": {"namespaces": [{"type": "pid"}, {"type": "ipc", "path": "/proc/7/ns/ipc"}, {"type": "mount"}]},
    }
)


def devices(*rules: object) -> RuntimeSpec:
    return RuntimeSpec({"linux": {"resources": {"devices": list(rules)}}})


def test_a_specification_is_taken_apart():
    assert (SPEC.command, SPEC.environment, SPEC.bounding) == ("/bin/sleep 9", ("TOKEN", "PATH"), ("CAP_CHOWN",))
    assert dict(SPEC.annotations) == {"a": "b"}
    assert SPEC.shared == ["Network"]


def namespaces(*rows: object) -> list[str]:
    return RuntimeSpec({"linux": {"namespaces": list(rows), "x": 1}}).shared


def test_a_namespace_is_shared_that_is_not_named_or_is_that_of_the_first_process():
    assert namespaces() == ["Pid", "Network", "Ipc"]
    own = [{"type": "pid"}, {"type": "ipc"}, {"type": "network", "path": "/proc/1/ns/net"}]
    assert namespaces(*own) == ["Network"]
    assert namespaces(*own[:2], {"type": "network", "path": "/var/run/netns/cni-1"}) == []
    assert RuntimeSpec({"linux": {"x": 1}}).shared == ["Pid", "Network", "Ipc"]


def test_a_mount_is_a_bind_by_its_options():
    mounts = [
        {"type": kind, "source": f"/{number}", "destination": "/d", "options": options}
        for number, (kind, options) in enumerate(
            [("none", ["rbind"]), ("", ["bind", "ro"]), ("tmpfs", ["nosuid"]), ("bind", [])]
        )
    ]
    assert RuntimeSpec({"mounts": mounts}).binds(lambda _: False) == ["/0:/d", "/1:/d:ro", "/3:/d"]


def test_what_is_seen_of_the_system_is_in_order_and_without_what_is_its_own():
    assert SPEC.binds(lambda source: source.startswith("/own/")) == ["/etc:/e:ro", "/srv:/srv"]


def test_every_device_is_open_where_a_rule_names_none():
    assert devices({"allow": True, "access": "rwm"}).every_device
    assert devices({"allow": True, "type": "a"}).every_device
    assert not devices({"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1}).every_device
    assert not devices({"allow": True, "major": 1, "minor": 3}).every_device


def test_what_is_not_as_it_should_be_is_not_there():
    for odd in ({}, {"process": [], "mounts": {}, "linux": 7}, {"process": {"args": "x", "env": {}}, "mounts": ["y"]}):
        spec = RuntimeSpec(odd)
        assert (spec.command, spec.environment, spec.shared, spec.every_device) == ("", (), [], False)
        assert spec.binds(lambda _: False) == []
