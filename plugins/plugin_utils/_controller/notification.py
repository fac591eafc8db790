# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What AWX sends where a gate or the workflow does not pass. The counts come from the job's artifacts."""

from __future__ import annotations

from typing import Any

_RESULT = "{% set result = job.artifacts.dsa_result | default({}) %}"
_SENTENCE = (
    "{{ job.name }} #{{ job.id }}: {{ job.status }}"
    "{% if result.hosts is defined %}, {{ result.not_passed }} of {{ result.hosts }} hosts do not pass{% endif %}"
)
_REASONS = (
    # The text has the values of the first host.
    "{% for reason in result.reasons | default([]) %}\n"
    "{% if reason.count > 1 %}{{ reason.count }} hosts, for example {% endif %}"
    "{{ reason.hosts[0] }}: {{ reason.text }}{% endfor %}"
    "{% for error in result.errors | default([]) %}\n{{ error }}{% endfor %}"
)


def messages(kind: str) -> dict[str, Any]:
    """The messages of a notification template of this kind. A webhook gets JSON, which must be an object."""
    body = f"{_RESULT}{_SENTENCE}{_REASONS}\n{{{{ url }}}}"
    if kind == "webhook":
        text = f"{{% filter tojson %}}{_SENTENCE}{{% endfilter %}}"
        body = f'{_RESULT}{{"text": {text}, "url": {{{{ url | tojson }}}}, "result": {{{{ result | tojson }}}}}}'
    error = {"message": f"{_RESULT}{_SENTENCE} {{{{ url }}}}", "body": body}
    return {"started": None, "success": None, "error": error, "workflow_approval": None}
