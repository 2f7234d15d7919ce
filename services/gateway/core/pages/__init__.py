"""The console's pages as HTML, each a function of what is shown. Every text is escaped by htpy."""
