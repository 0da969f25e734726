"""Tests of progress.py."""

from imgkit.progress import NULL_PROGRESS, Progress


def test_silent_progress_is_a_progress_and_takes_everything():
    progress: Progress = NULL_PROGRESS
    with progress.bar("work", total=None) as bar:
        bar.set_done(5)
        bar.note("slow")
