# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The port of the stages over Ansible: modules and actions on one host, through a connection that may be lost."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timezone

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from .._messages import Message
from .._record import posix_record, reading_options, unreadable_record, windows_record
from .._stages.port import HostLost, Result
from .._text import clean_tree, one_line

COLLECTION = "deep_security.remediation"
# pywinrm and pypsrp exceptions are not converted to AnsibleConnectionFailure by core; that is done here.
_LOST: tuple[type[Exception], ...] = (AnsibleConnectionFailure,)
with suppress(ImportError):
    from requests.exceptions import RequestException

    _LOST += (RequestException,)
with suppress(ImportError):
    from winrm.exceptions import WinRMError, WinRMTransportError

    _LOST += (WinRMError, WinRMTransportError)
with suppress(ImportError):
    from pypsrp.exceptions import WinRMError as PsrpError

    _LOST += (PsrpError,)
# An attempt that lasted so many seconds had a connection, so a loss after it is a new one.
_CONNECTED = 60.0
# A loss that shows within so many seconds is tried again once, also without patience; a silent host costs one time-out.
_AT_ONCE = 5.0
# Run again after a lost connection, these would be a second reboot.
_ONCE = ("ansible.builtin.reboot", "ansible.windows.win_reboot")
# The longest pause between two attempts to reconnect, in seconds.
_PAUSE = 5.0


def _named(text: str) -> str:
    """What was lost, with the remedy where OpenSSL's words name none."""
    if "CERTIFICATE_VERIFY_FAILED" not in text:
        return text
    remedy = "set ansible_winrm_ca_trust_path (psrp: ansible_psrp_ca_cert) to a file with its CA"
    return f"{text}; the host's certificate is not trusted: {remedy}"


class AnsiblePort:
    """One host, by the action plugin of the task that runs on it. Implements _stages.Port."""

    def __init__(
        self,
        action: ActionBase,
        task_vars: dict[str, t.Any],
        run_id: str,
        read_timeout: int,
        reconnect: float,
        progress_file: str | None = None,
    ) -> None:
        """reconnect: for how many seconds a lost connection is tried again; 0 for once, and not after a time-out."""
        self._action = action
        self._vars = task_vars
        self._reading = {"timeout": read_timeout, **({"progress_file": progress_file} if progress_file else {})}
        self._reconnect = reconnect
        # Takes what progress() notes. Without a run of many hosts it is shown at once.
        self.on_progress: Callable[[str, Message | None], None] = self._show_progress
        self.run_id = run_id
        # In a delegated task it is the host that the task is delegated to.
        self.host = str(action._task.delegate_to or task_vars["inventory_hostname"])
        self.check_mode = bool(action._task.check_mode)
        self.windows = bool(getattr(action._connection._shell, "_IS_WINDOWS", False))

    def read(self) -> Mapping[str, t.Any]:
        """The agent record, now."""
        result = self.module("dsa_info", {**self._reading, **(reading_options() if self.windows else {})})
        if isinstance(result.get("reading"), Mapping):
            return (windows_record if self.windows else posix_record)(result["reading"])
        # Python is missing, become is refused, the module crashed: unknown, with its reason.
        output = str(result.get("module_stderr") or result.get("module_stdout") or "")
        return unreadable_record(one_line(f"{result.get('msg') or 'the reader gave no record'} {output}", 500))

    def module(self, name: str, options: Mapping[str, t.Any]) -> Result:
        """Run a module; on a Windows host the twin of this collection's module, whose name begins with win_."""
        if "." not in name:
            name = f"{COLLECTION}.{'win_' if self.windows and not name.startswith('win_') else ''}{name}"

        def attempt() -> Result:
            with _WithoutFile(self._action, options):
                result: Result = self._action._execute_module(
                    module_name=name, module_args=dict(options), task_vars=self._vars
                )
            return result

        return self._reconnecting(attempt)

    def action(self, name: str, options: Mapping[str, t.Any]) -> Result:
        """Run an action plugin, as a task of its own would."""
        task = self._action._task.copy()
        task.args = dict(options)
        plugin = self._action._shared_loader_obj.action_loader.get(
            name,
            task=task,
            connection=self._action._connection,
            play_context=self._action._play_context,
            loader=self._action._loader,
            templar=self._action._templar,
            shared_loader_obj=self._action._shared_loader_obj,
        )
        return self._reconnecting(lambda: t.cast(Result, plugin.run(task_vars=self._vars)), name not in _ONCE)

    def display(self, text: str) -> None:
        """Show a line at once, while the task goes on."""
        self._action._display.display(text)

    def progress(self, stage: str, what: Message | None = None) -> None:
        """Note which stage goes on, and what it waits for."""
        self.on_progress(stage, what)

    def _show_progress(self, stage: str, what: Message | None) -> None:
        if what is not None:
            self.display(f"{self.host}: {what.text}")

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def clock(self) -> float:
        """Seconds on a monotonic clock."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time of day in UTC."""
        return datetime.now(timezone.utc)

    def _reconnecting(self, attempt: Callable[[], Result], repeat: bool = True) -> Result:
        """attempt(), again after each loss of the connection, for at most so many seconds of silence; cleaned."""
        lost_at: float | None = None
        while True:
            began = time.monotonic()
            try:
                result = attempt()
                if result.get("unreachable"):
                    raise AnsibleConnectionFailure(str(result.get("msg")))
                cleaned: Result = clean_tree(result)
                return cleaned
            except _LOST as error:
                now = time.monotonic()
                text = _named(one_line(error))
                if not repeat or (not self._reconnect and (lost_at is not None or now - began > _AT_ONCE)):
                    raise HostLost(text) from error
                if lost_at is None or now - began > _CONNECTED:
                    lost_at = now
                    patience = f"for {self._reconnect:.0f} s" if self._reconnect else "once"
                    self.display(f"{self.host}: connection lost ({text}); retrying {patience}")
                if self._reconnect and now - lost_at >= self._reconnect:
                    raise HostLost(f"{text} (no connection for {self._reconnect:.0f} s)") from error
                time.sleep(min(_PAUSE, self._reconnect or 1))
                # Where there is nothing to reset the next attempt shows it.
                with suppress(AnsibleError, AttributeError, NotImplementedError, *_LOST):
                    self._action._connection.reset()


class _WithoutFile:
    """While a secret is sent no file with the module's arguments is on the host: it would stay if the run is killed."""

    def __init__(self, action: ActionBase, options: Mapping[str, t.Any]) -> None:
        self._connection = action._connection
        self._secret = bool(options.get("self_protection_password") or options.get("password"))
        self._before = getattr(self._connection, "always_pipeline_modules", False)

    def __enter__(self) -> None:
        if self._secret:
            self._connection.always_pipeline_modules = True

    def __exit__(self, *error: object) -> None:
        if self._secret:
            self._connection.always_pipeline_modules = self._before
