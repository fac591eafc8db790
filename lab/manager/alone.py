# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m lab manager: a Manager without a lab. The hosts of its fleet are made up like the synthetic computers."""

from __future__ import annotations

import asyncio
import signal
from argparse import Namespace
from pathlib import Path

from .. import fleet
from ..errors import LabError
from ..up import free_ports
from . import files
from .simulator import Manager


async def serve(manager: Manager) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await manager.start()
    life = asyncio.create_task(manager.live())
    known = len(manager.store.computers)
    print(f"{manager.about['url']}  {known} computers, keys in {manager.files.about}, Ctrl-C ends it", flush=True)
    await asyncio.wait({asyncio.ensure_future(ended.wait()), life}, return_when=asyncio.FIRST_COMPLETED)
    life.cancel()


def manager(arguments: Namespace) -> int:
    wanted = fleet.read(Path(arguments.fleet))
    if wanted.manager is None:
        raise LabError(f"{arguments.fleet} has no key manager: write manager: {{computers: 1000}} into it")
    folder = Path(arguments.dir).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    where = files.Files(folder)
    files.write(where, wanted.manager, arguments.port or free_ports(1)[0])
    asyncio.run(serve(Manager(wanted, where, {})))
    return 0
