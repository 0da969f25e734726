"""Tests of progress.py."""

from imgkit.progress import NULL_PROGRESS, Progress, together


def test_silent_progress_is_a_progress_and_takes_everything():
    progress: Progress = NULL_PROGRESS
    with progress.bar("work", total=None) as bar:
        bar.set_done(5)
        bar.note("slow")


def test_where_no_total_is_drawn_each_bar_stands_alone():
    with together(NULL_PROGRESS, "2 objects", total=10) as progress:
        assert progress is NULL_PROGRESS
