"""An upgrade in place, live: an older Upskeep, then this one, over one broker and one data folder."""
