"""Writers of the formats that imgkit writes itself, because it is faster or because no program pads them as asked."""
