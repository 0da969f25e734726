"""A guarded disk image of any format on a private NBD socket, for programs that know raw disks only."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from imgkit.disks.guard import read_header
from imgkit.disks.nodes import build_node, private_folder
from imgkit.model.disk import DiskImage
from imgkit.tools import qemu_nbd

_CLIENTS = 8  # libguestfs makes an overlay, looks at it and runs it, each with connections of its own


@contextmanager
def export_by_nbd(image: DiskImage) -> Iterator[Path]:
    """Serve the image read-only on the socket that is given, as long as the block lasts.

    Raises what the guard raises, ToolMissing and ToolFailed.
    """
    header = read_header(image.path, stated=image.format)
    with private_folder() as folder:
        socket_path = folder / "nbd"
        with (
            qemu_nbd.serve(build_node(header, folder), socket_path, clients=_CLIENTS) as server,
            closing(qemu_nbd.connect(server, socket_path)),  # the server ends with its last client: this one stays
        ):
            yield socket_path
