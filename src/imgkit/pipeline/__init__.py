"""The steps in their order: what `imgkit fetch` and `imgkit export` do from end to end."""
