"""The page to log in."""

from __future__ import annotations

import htpy as h


def login_page(root: str, fault: str) -> str:
    """Return the form, with what was wrong the last time."""
    return str(
        h.html(lang="en")[
            h.head[
                h.meta(charset="utf-8"),
                h.meta(name="viewport", content="width=device-width, initial-scale=1"),
                h.meta(name="color-scheme", content="light dark"),
                h.title["Log in · Upskeep"],
                h.link(rel="icon", href=f"{root}/favicon.svg", type="image/svg+xml"),
                h.link(rel="stylesheet", href=f"{root}/console.css"),
            ],
            h.body[
                h.main(".login")[
                    h.h1["Upskeep"],
                    h.p(".banner.bad", role="alert")[fault] if fault else None,
                    h.form(method="post", action=f"{root}/login")[
                        h.label(for_="password")["Password"],
                        h.input(
                            id="password",
                            name="password",
                            type="password",
                            autocomplete="current-password",
                            required=True,
                            autofocus=True,
                        ),
                        h.button(".primary", type="submit")["Log in"],
                    ],
                ]
            ],
        ]
    )
