"""Jupyter servers for the tests: on a free loopback port, with their own settings folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

APPS = {
    "lab": ("jupyterlab", "LabApp"),
    "notebook": ("notebook", "JupyterNotebookApp"),
}


@dataclass(frozen=True)
class Server:
    app: str
    url: str
    folder: Path
    environment: dict[str, str]

    def address(self, notebook: str) -> str:
        """Where a notebook of `folder` is open in this application."""
        return f"{self.url}/lab/tree/{notebook}?reset" if self.app == "lab" else (
            f"{self.url}/notebooks/{notebook}"
        )  # fmt: skip

    def trust(self, notebook: str) -> None:
        """Sign a notebook, as running it by hand would."""
        command = [sys.executable, "-m", "jupyter", "trust", str(self.folder / notebook)]
        subprocess.run(command, check=True, env=self.environment, capture_output=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def isolated_environment(home: Path) -> dict[str, str]:
    """Settings, trust and history of Jupyter and IPython live below `home`; models stay offline."""
    config = home / "config"
    settings = config / "labconfig"
    settings.mkdir(parents=True)
    news = {"@jupyterlab/apputils-extension:announcements": True}
    (settings / "page_config.json").write_text(json.dumps({"disabledExtensions": news}))
    return {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


@contextmanager
def jupyter(app: str, home: Path) -> Iterator[Server]:
    """Run `app` ("lab" or "notebook") below `home` until the block ends."""
    module, options = APPS[app]
    folder = home / "work"
    folder.mkdir(parents=True)
    environment = isolated_environment(home)
    port = free_port()
    command = [
        *(sys.executable, "-m", module, "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token="),
        *("--ServerApp.password=", "--ServerApp.disable_check_xsrf=True"),
        r"--ServerApp.allow_origin_pat=http://127\.0\.0\.1:\d+",
        *(f"--ServerApp.root_dir={folder}", f"--{options}.expose_app_in_browser=True"),
    ]
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        server = Server(app, f"http://127.0.0.1:{port}", folder, environment)
        _wait_until_up(server, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + 90
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/api/status", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"Jupyter did not start:\n{log.read_text()[-3000:]}")
