"""Archives by their content: compressed streams, tar in every dialect, and the one disk that comes out of them.

Nothing here trusts a name, an extension or another program: `tar_reader` is the authority on what an archive holds.
"""
