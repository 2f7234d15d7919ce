"""The store's pure core: counting, sliding windows, points and how to ship them."""
