"""Certificates of a throw-away authority, made by the openssl program."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Authority:
    """A certificate authority with everything that it signs in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        own = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN=authority {folder.name}")
        self._openssl(*own, "-keyout", "ca.key", "-out", "ca.pem")
        self.pem = folder / "ca.pem"

    def sign(self, name: str, *, san: str = "", days: int = 2) -> tuple[Path, Path]:
        """Return certificate and key of ``name``; negative ``days`` make one that has expired."""
        request = ("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key")
        self._openssl(*request, "-out", f"{name}.csr")
        (self.folder / "ext").write_text(f"subjectAltName={san}" if san else "")
        until = ("-days", str(days))
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      *until, "-extfile", "ext", "-out", f"{name}.pem")  # fmt: skip
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)
