"""The repository's own laws: what no linter knows and every change has to keep."""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from imgkit import errors
from imgkit.cli.catalogue import CATALOGUE
from imgkit.model.profiles import PROFILES
from imgkit.settings import Settings

HERE = Path(__file__).resolve().parent.parent
SOURCE = HERE / "src" / "imgkit"
UNIT = HERE / "tests" / "unit"
REFERENCE = HERE / "docs" / "reference"
PLACES = ("src", "tests", "scripts", "docs", "benchmarks", ".ci")
NOT_OURS = {"__pycache__", "node_modules", ".hypothesis"}

Node = TypeVar("Node", bound=ast.AST)  # Python 3.11 has no other way to say it

# Modules whose behaviour only shows with real programs: the test that holds them, instead of a unit test.
HELD_BY = {
    # Halves of a format whose tests build whole headers.
    "disks/headers/header.py": "tests/unit/disks/test_guard.py",
    "disks/headers/qcow2_tables.py": "tests/unit/disks/headers/test_qcow2.py",
    "disks/headers/vmdk_sparse.py": "tests/unit/disks/headers/test_vmdk.py",
    # What they do is done by libewf and GNU tar.
    "disks/writers/disk_archive.py": "tests/integration/test_convert_containers.py",
    "stages/acquire_e01.py": "tests/integration/test_convert_containers.py",
    "stages/pack_archive.py": "tests/integration/test_convert_containers.py",
    # What they judge is made by openssl and sent by a server.
    "evidence/timestamps.py": "tests/integration/test_timestamps.py",
    "evidence/timestamp_server.py": "tests/integration/test_timestamps.py",
    # What they do shows in a process of its own.
    "disks/native/client.py": "tests/integration/test_native_engine.py",
    "disks/native/limits.py": "tests/integration/test_native_engine.py",
    "disks/nbd_export.py": "tests/integration/test_guestfs.py",  # nothing but qemu-nbd between two context managers
}

# Codes that belong to commands still to come; a test that reaches one takes it off this list.
NOT_REACHED_YET = {"FindingsAtThreshold": "inspect --fail-on and diff --exit-code"}


def files(*places: str) -> Iterator[Path]:
    for place in places:
        for path in sorted((HERE / place).rglob("*")):
            if path.is_file() and not NOT_OURS & set(path.parts):
                yield path


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file of the repository but this one."""
    ground = (path for path in HERE.iterdir() if path.is_file())
    for path in (*sorted(ground), *files(*PLACES)):
        if path != Path(__file__).resolve():
            try:
                yield path.relative_to(HERE), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def short(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def found(paths: Iterable[Path], kind: type[Node], offends: Callable[[Node], bool]) -> list[str]:
    """Where nodes of this kind offend, as `file:line`."""
    return [
        f"{short(path)}:{getattr(node, 'lineno', 0)}"
        for path in paths
        for node in ast.walk(parsed(path))
        if isinstance(node, kind) and offends(node)
    ]


# --- where things are ---


def has_behaviour(path: Path) -> bool:
    """Whether a module does something: a function with more in it than its docstring or an ellipsis."""
    functions = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(not all(_is_constant(line) for line in function.body) for function in functions)


def _is_constant(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def unit_test_of(path: Path) -> Path:
    inside = path.relative_to(SOURCE)
    return UNIT / inside.parent / f"test_{inside.name}"


def test_every_module_with_behaviour_has_a_unit_test_in_the_same_place() -> None:
    plain = {"__init__.py", "__main__.py"}
    untested = [
        short(path)
        for path in modules()
        if path.name not in plain
        and has_behaviour(path)
        and short(path) not in HELD_BY
        and not unit_test_of(path).exists()
    ]
    assert untested == []


def test_every_unit_test_mirrors_a_module_or_a_fake_beside_it() -> None:
    fakes = {path.with_name(f"test_{path.name}") for path in UNIT.rglob("*.py")}
    mirrors = {unit_test_of(path) for path in modules()} | fakes
    assert [path.relative_to(UNIT).as_posix() for path in UNIT.rglob("test_*.py") if path not in mirrors] == []


def test_what_is_held_by_other_tests_exists_and_so_do_they() -> None:
    assert [name for name in HELD_BY if not (SOURCE / name).exists()] == []
    assert [test for test in HELD_BY.values() if not (HERE / test).exists()] == []


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        path.relative_to(HERE).as_posix(): count
        for path in (*files("src", "tests", "scripts", "benchmarks"),)
        if path.suffix in {".py", ".js", ""} and (count := len(path.read_bytes().splitlines())) > 400
    }
    assert long == {}


def test_no_module_is_named_after_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "misc", "core", "base"}
    assert [short(path) for path in modules() if nothing & {path.stem, *path.relative_to(SOURCE).parts[:-1]}] == []


# --- what the product never does ---


def test_nothing_inside_imports_the_package_root() -> None:
    """import-linter does not see this one, and it can tie the whole package into a knot."""

    def imports_root(node: ast.Import | ast.ImportFrom) -> bool:
        if isinstance(node, ast.Import):
            return any(alias.name == "imgkit" for alias in node.names)
        return node.module == "imgkit" or node.level > 0

    assert found(modules(), ast.Import, imports_root) + found(modules(), ast.ImportFrom, imports_root) == []


STARTERS = {"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile"}


def starts_program(node: ast.Attribute) -> bool:
    if not isinstance(node.value, ast.Name):
        return False
    if node.value.id == "subprocess":
        return node.attr not in {"PIPE", "DEVNULL"}
    return node.value.id == "os" and (node.attr in STARTERS or node.attr.startswith(("exec", "spawn")))


def test_only_process_py_starts_programs() -> None:
    others = [path for path in modules() if short(path) != "process.py"]
    assert found(others, ast.Attribute, starts_program) == []
    hidden = found(others, ast.ImportFrom, lambda node: node.module in {"subprocess", "multiprocessing", "pty"})
    assert hidden == []


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module that is not a docstring, with its line."""
    tree = parsed(path)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def test_this_machines_kernel_is_never_given_a_disk() -> None:
    """No loop device, no nbd device, no mount: a file system driver is no place for hostile bytes."""
    never = re.compile(r"^(losetup|kpartx|partprobe|nbd-client|modprobe|--connect(=.*)?)$|^/dev/(nbd|loop)")
    offenders = [
        f"{short(path)}:{line} {word}" for path in modules() for line, word in strings(path) if never.search(word)
    ]
    assert offenders == []


def begins_with_mount(node: ast.List | ast.Tuple) -> bool:
    first = node.elts[0] if node.elts else None
    return isinstance(first, ast.Constant) and first.value in {"mount", "umount", "fusermount", "guestmount"}


def test_no_command_line_begins_with_mount() -> None:
    assert found(modules(), ast.List, begins_with_mount) == []
    wanted = {"find_program", "require_program", "run", "start"}

    def asks_for_mount(node: ast.Call) -> bool:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        return name in wanted and any(isinstance(word, ast.Constant) and word.value == "mount" for word in node.args)

    assert found(modules(), ast.Call, asks_for_mount) == []


def test_the_download_of_oss2_that_corrupts_is_not_used() -> None:
    assert found(modules(), ast.Attribute, lambda node: node.attr in {"resumable_download", "resumable"}) == []


def test_the_library_neither_prints_nor_exits() -> None:
    inside = [path for path in modules() if not short(path).startswith("cli/") and "worker" not in path.stem]

    def speaks(node: ast.Call) -> bool:
        return (isinstance(node.func, ast.Name) and node.func.id in {"print", "exit", "quit"}) or (
            isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and (node.func.value.id, node.func.attr) in {("sys", "exit"), ("os", "_exit"), ("logging", "basicConfig")}
        )

    assert found(inside, ast.Call, speaks) == []


def test_the_guestfs_worker_needs_the_standard_library_alone() -> None:
    """It runs under the distribution's Python, where nothing of ours is installed but the files beside it."""
    own = {"guestfs_calls", "guestfs_shell", "guestfs_zfs"}
    workers = {path.stem: path for path in modules() if path.stem in {"guestfs_worker", *own}}
    assert workers.keys() == {"guestfs_worker", *own}
    for name, worker in workers.items():
        beside = {*own, "imgkit"} if name == "guestfs_worker" else set()
        assert imported(worker) <= {*sys.stdlib_module_names, "guestfs", *beside}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or ".").partition(".")[0])
    return names


# --- what the pages say ---


def test_no_page_installs_the_other_imgkit() -> None:
    """On PyPI that name is an HTML renderer, which would overwrite this package."""
    wrong = re.compile(r"pipx?3?\s+install\s+(-\S+\s+)*[\"']?imgkit\b(?!-ecs)")
    assert [str(path) for path, text in texts() if wrong.search(text)] == []


def test_nothing_is_left_to_be_done_later() -> None:
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
    assert [str(path) for path, text in texts() if later.search(text)] == []


def test_no_lock_file_names_a_host() -> None:
    locks = {
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "uv.lock",
        "poetry.lock",
        "Pipfile.lock",
        "pdm.lock",
    }
    assert [str(path) for path, _ in texts() if path.name in locks] == []


def error_classes() -> list[type[errors.ImgkitError]]:
    return [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.ImgkitError)]


def documented_codes() -> dict[str, int]:
    page = (REFERENCE / "exit-codes.md").read_text(encoding="utf-8")
    return {name: int(code) for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)}


def test_every_kind_of_failure_has_an_exit_code_of_its_own() -> None:
    codes = [each.exit_code for each in error_classes()]
    assert sorted(codes) == sorted(set(codes))
    assert not {2, 130, 143} & set(codes), "Typer's, and those of an interruption"


def test_the_page_of_exit_codes_is_what_errors_py_says() -> None:
    assert documented_codes() == {each.__name__: each.exit_code for each in error_classes()}


def test_the_tree_of_errors_py_is_what_its_classes_say() -> None:
    drawn = dict(re.findall(r"(\w+) {2,}(\d+)", errors.__doc__ or ""))
    assert {name: int(code) for name, code in drawn.items()} == {
        each.__name__: each.exit_code for each in error_classes()
    }


def is_reached(kind: type[errors.ImgkitError]) -> bool:
    named = re.compile(rf"\b{kind.__name__}\b")
    tests = (path for path in files("tests") if path.suffix == ".py" and path != Path(__file__).resolve())
    return any(named.search(path.read_text(encoding="utf-8")) for path in tests)


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_every_exit_code_is_reached_by_a_test(kind: type[errors.ImgkitError]) -> None:
    """A class that others refine stands for them."""
    assert kind.__subclasses__() or is_reached(kind) != (kind.__name__ in NOT_REACHED_YET)


def command_names() -> list[str]:
    return [entry.name for entry in CATALOGUE]


def test_every_command_stands_in_the_reference_and_in_the_readme() -> None:
    reference = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    assert command_names()
    assert [name for name in command_names() if f"\n## `imgkit {name}`\n" not in reference] == []
    assert [name for name in command_names() if f"`imgkit {name}`" not in readme] == []


def test_every_setting_stands_in_the_reference() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `IMGKIT_(\w+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted((name, name.upper()) for name in Settings.__slots__)


def test_every_dependency_stands_in_the_reference_with_its_reason() -> None:
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
    page = (REFERENCE / "dependencies.md").read_text(encoding="utf-8")
    names = [re.split(r"[<>=! ]", line)[0] for line in project["project"]["dependencies"]]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_profile_stands_in_the_reference_with_what_it_makes() -> None:
    page = (REFERENCE / "profiles.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", page, re.MULTILINE))
    assert list(rows) == list(PROFILES)
    for name, profile in PROFILES.items():
        wanted = {f"`ROLE{profile.suffix}`", profile.reason, profile.source}
        wanted |= {f"{key}={value}" for key, value in profile.options.items()}
        assert [words for words in wanted if words not in rows[name]] == []


def pages() -> list[Path]:
    return sorted(path for path in (HERE / "docs").rglob("*.md"))


def test_every_page_is_in_the_navigation_and_every_entry_is_a_page() -> None:
    listed = re.findall(r"^ +- [^:\n]+: (\S+\.md)$", (HERE / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == [path.relative_to(HERE / "docs").as_posix() for path in pages()]


@pytest.mark.parametrize("page", [path for path in pages() if path.parent == REFERENCE], ids=lambda page: page.name)
def test_reference_pages_end_alike(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[-4:] == ["Exit status", "Limitations", "Since", "See also"]


def test_links_of_the_pages_on_the_ground_floor_lead_somewhere() -> None:
    """MkDocs looks after those inside docs/."""
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"):
        text = (HERE / name).read_text(encoding="utf-8")
        targets = re.findall(r"\]\((?!https?:)([^)#]+)", text)
        assert [target for target in targets if not (HERE / target).exists()] == []


# --- the scripts ---


def test_every_script_can_be_run_and_is_checked() -> None:
    check = (HERE / "scripts" / "check").read_text(encoding="utf-8")
    scripts = [path for path in files("scripts", ".ci") if not path.suffix]
    assert [path.name for path in scripts if not path.stat().st_mode & 0o100] == []
    assert [path.name for path in scripts if path.relative_to(HERE).as_posix() not in check] == []


def test_every_package_that_set_up_installs_stands_in_the_requirements() -> None:
    setup = (HERE / "scripts" / "setup").read_text(encoding="utf-8")
    page = (REFERENCE / "requirements.md").read_text(encoding="utf-8")
    table = re.findall(r"^(?:use|demo|test|check) +[\w.-]+ +([\w.-]+) +([\w.-]+) +[\w.@-]+$", setup, re.MULTILINE)
    assert len(table) > 10
    packages = {name for row in table for name in row} - {"KERNEL"}
    assert sorted(name for name in packages if f"`{name}`" not in page) == []
