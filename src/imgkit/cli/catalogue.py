"""All commands, each with the file that holds it and its line in `imgkit --help`.

Importing every command takes half a second; the program imports the one that is called, and for the others knows
this page alone.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A command's name and its line in the list; the file of the same name in this room registers it."""

    name: str
    summary: str

    @property
    def module(self) -> str:
        return f"imgkit.cli.{self.name}"


CATALOGUE = (
    Entry("fetch", "From an image id to an inspected, proven image set."),
    Entry("check", "Does an image set, or a file, still hold?"),
    Entry("sign", "Sign a set's manifest and the head of its custody."),
    Entry("bag", "Hand a set over as BagIt."),
    Entry("inspect", "What is on the disks of a set or on disk images."),
    Entry("images", "List custom images, and whether each can be exported."),
    Entry("export", "Export a custom image to a bucket."),
    Entry("tasks", "List, show, watch and cancel export tasks."),
    Entry("clean", "Delete a proven set's objects from the bucket."),
    Entry("download", "Download objects, resumable and proven."),
    Entry("unpack", "Unpack the disk of an archive, sparse."),
    Entry("convert", "Convert a disk image, and prove the result."),
    Entry("info", "What a disk image is."),
    Entry("hash", "Digests of the disk in an image, whatever its format."),
    Entry("compare", "Are two images the same disk, whatever their formats?"),
    Entry("doctor", "What is lacking here and in the cloud, and how to mend it."),
    Entry("demo", "The whole road on this machine, without an account."),
    Entry("simulator", "The loopback ECS and OSS alone."),
)
