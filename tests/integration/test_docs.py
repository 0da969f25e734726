"""The examples of the tutorial and the how-to pages that need no account, run as they stand against the loopback cloud.

An example is a console block below `<!-- tried -->`, or `<!-- tried: exit 60 -->` for what its last command ends with.
The blocks of a page run one after the other in one folder. `fetch` gets `--no-inspect`: looking inside has tests of its
own, and takes ten seconds.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import oss2
import pytest
from tests.integration.loopback import Loopback, make_disks

from imgkit.simulator import CloudImage, Simulator

pytestmark = pytest.mark.tools("bash", "guestfs", "qemu-img", "qemu-nbd", "ssh-keygen", "tar")

DOCS = Path(__file__).parents[2] / "docs"
IMAGE_ID = "m-2ze6tciolfdoydrr6ze3"
DEMO_ID = "m-2zedemo0000000000001"
OBJECTS = tuple(f"{IMAGE_ID}_{part}.raw.tar.gz" for part in ("system", "data_xvdb"))
BLOCK = re.compile(r"<!-- tried(?:: exit (?P<code>\d+))? -->\n```console\n(?P<text>.*?)```", re.DOTALL)
LOCAL_FETCH = 'imgkit() { if [ "$1" = fetch ]; then command imgkit "$@" --no-inspect; else command imgkit "$@"; fi; }\n'


@dataclass(frozen=True)
class Example:
    """One block: its commands as a script, and the exit code that is right for the last of them."""

    script: str
    code: int


def examples(page: str) -> list[Example]:
    found = BLOCK.finditer((DOCS / page).read_text(encoding="utf-8"))
    return [Example(script=commands(match["text"]), code=int(match["code"] or 0)) for match in found]


def commands(block: str) -> str:
    """Return the lines after `$`, with those that a backslash continues; all else is output."""
    lines, continued = [], False
    for line in block.splitlines():
        if line.startswith("$ ") or continued:
            lines.append(line.removeprefix("$ "))
            continued = line.endswith("\\")
    return "\n".join(lines)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Loopback]:
    (tmp_path / "cloud").mkdir()
    folder = tmp_path / "work"
    folder.mkdir()
    disks, digests = make_disks(tmp_path / "disks", {"system": 12, "xvdb": 6})
    with Simulator(tmp_path / "cloud") as simulator:
        for image_id in (IMAGE_ID, DEMO_ID):
            simulator.put_image(CloudImage(image_id=image_id, disks=disks))
        yield Loopback(simulator, folder, digests)


def put_nothing(cloud: Loopback) -> None:
    """Most pages begin with an empty folder."""


def put_demo_set(cloud: Loopback) -> None:
    done = cloud.imgkit("fetch", DEMO_ID, "--to", "qcow2", "--no-inspect", "-o", f"imgkit-demo/{DEMO_ID}")
    assert done.code == 0, done.err
    program = cloud.folder / ".venv" / "bin" / "imgkit"
    program.parent.mkdir(parents=True)
    program.symlink_to(Path(sys.executable).with_name("imgkit"))


def put_objects(cloud: Loopback) -> None:
    done = cloud.imgkit("export", IMAGE_ID)
    assert done.code == 0, done.err


def put_urls_and_archives(cloud: Loopback) -> None:
    put_objects(cloud)
    done = cloud.imgkit("download", "oss://evidence/")
    assert done.code == 0, done.err
    told = cloud.simulator.describe()
    auth = oss2.AuthV4(told["access_key_id"], told["access_key_secret"])
    bucket = oss2.Bucket(auth, told["oss_endpoint"], "evidence", region=told["region_id"], is_path_style=True)
    urls = [bucket.sign_url("GET", key, 600, slash_safe=True) for key in OBJECTS]
    (cloud.folder / "urls.txt").write_text("\n".join(urls) + "\n")


def put_signable_set(cloud: Loopback) -> None:
    done = cloud.imgkit("fetch", IMAGE_ID, "--no-inspect")
    assert done.code == 0, done.err
    keys = Path(os.environ["HOME"]) / ".ssh"
    keys.mkdir()
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / "id_ed25519")]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


PAGES: dict[str, Callable[[Loopback], None]] = {
    "tutorial/first-image-set.md": put_demo_set,
    "tutorial/real-image.md": put_nothing,
    "how-to/resume.md": put_nothing,
    "how-to/compare-images.md": put_nothing,
    "how-to/check-and-repair.md": put_nothing,
    "how-to/convert.md": put_nothing,
    "how-to/presigned-urls.md": put_urls_and_archives,
    "how-to/slow-links.md": put_objects,
    "how-to/sign.md": put_signable_set,
    "how-to/hand-over.md": put_signable_set,
}


def run_example(cloud: Loopback, example: Example) -> "subprocess.CompletedProcess[str]":
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", LOCAL_FETCH + example.script],
        cwd=cloud.folder,
        env=cloud.environment(PATH=programs),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_do_what_it_says(cloud: Loopback, page: str) -> None:
    PAGES[page](cloud)
    for example in examples(page):
        done = run_example(cloud, example)
        assert done.returncode == example.code, f"{example.script}\n{done.stdout}\n{done.stderr}"


def test_every_page_with_such_examples_is_run() -> None:
    marked = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if "<!-- tried" in path.read_text()]
    assert sorted(marked) == sorted(PAGES)


def test_every_mark_stands_above_a_block() -> None:
    """One empty line between them, and the example would be passed over."""
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        assert len(examples(page)) == text.count("<!-- tried") > 0
