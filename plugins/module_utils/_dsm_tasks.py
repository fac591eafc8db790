# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""A Manager's scheduled tasks that run once: as few as possible for many computers, started, watched and removed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import uuid

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_computers

# The names of all tasks begin with it, and nothing else is ever deleted.
PREFIX = "deep_security.remediation "
# By the vendor's example such a task removes itself after it ran, and the time means nothing.
ONCE = {"recurrenceType": "none", "recurrenceCount": 1, "onceOnlyScheduleParameters": {"startTime": 0}}
# How often one task is sent where no answer shows whether the Manager took it.
ATTEMPTS = 3
# What a Manager answers to one task it does not like, while it may take the others.
REFUSED = (400, 404)
# What an operator may write into filter: the type of computerFilter and the name of its ID.
FILTERS = {
    "computer_group_id": ("computers-in-group", "computerGroupID"),
    "policy_id": ("computers-using-policy", "policyID"),
    "smart_folder_id": ("computers-in-smart-folder", "smartFolderID"),
    "all": ("all-computers", None),
}


def argument_spec():
    """The options that the modules with such tasks share. hosts, wait and interval are for their action plugins."""
    return dict(
        hosts=dict(type="list", elements="str"),
        computers=dict(type="list", elements="int"),
        wait=dict(type="int", default=1800),
        interval=dict(type="int", default=15),
        max_tasks=dict(type="int", default=20),
        tasks=dict(type="list", elements="dict"),
    )


def cover(wanted, computers, most, allowed=()):
    """Filters for the wanted computers: ([{filter: a computerFilter, computers: [IDs]}, ...], [IDs left over]).

    computers are all of the Manager's, {ID: (group ID or None, policy ID or None)}, the wanted ones among them. A
    filter names no others than wanted and allowed ones: all of them, a whole group, a whole policy, and at last single
    ones. What takes in most of the wanted that are left comes first, and there are at most `most` filters.
    """
    left = set(wanted)
    allowed = (left | set(allowed)) & set(computers)
    if len(left) > 1 and allowed == set(computers):
        return [{"filter": {"type": "all-computers"}, "computers": sorted(allowed)}], []
    whole = {}
    for number, (group, policy) in computers.items():
        for place in (("computer_group_id", group), ("policy_id", policy)):
            if place[1] is not None:
                whole.setdefault(place, set()).add(number)
    whole = {place: members for place, members in whole.items() if members <= allowed}
    tasks = []
    while whole and len(tasks) < most:
        place = min(whole, key=lambda key: (-len(whole[key] & left), key))
        members = whole.pop(place)
        if len(members & left) < 2:
            break
        left -= members
        tasks.append({"filter": computer_filter(*place), "computers": sorted(members)})
    rest = sorted(left)
    single = max(most - len(tasks), 0)
    tasks += [{"filter": {"type": "computer", "computerID": number}, "computers": [number]} for number in rest[:single]]
    return tasks, rest[single:]


def computer_filter(name, value):
    """The API's computerFilter for a key of FILTERS."""
    kind, key = FILTERS[name]
    return {"type": kind, key: value} if key else {"type": kind}


def chosen_filter(given):
    """(key of FILTERS, value) of the one filter that the operator gave. Raises ValueError where it is not one."""
    chosen = [(name, given[name]) for name in sorted(FILTERS) if given.get(name)]
    if len(chosen) != 1:
        raise ValueError("filter has %d conditions; give exactly one of %s" % (len(chosen), ", ".join(sorted(FILTERS))))
    return chosen[0]


def by_filter(name, value, places):
    """The one task of the operator's own filter, or none if it names no wanted computer; places as in cover().

    The API does not show what is in a smart folder: all of them are taken to be.
    """
    column = {"computer_group_id": 0, "policy_id": 1}.get(name)
    inside = [number for number in sorted(places) if column is None or places[number][column] == value]
    return [{"filter": computer_filter(name, value), "computers": inside}] if inside else []


def read(client, wanted, expand):
    """The Manager's answer about each wanted computer, in the order of IDs. Pages without one are not read."""
    left = sorted(number for number in set(wanted) if number > 0)
    while left:
        first = left[0]
        block = {number for number in left if number < first + _dsm.PAGE_SIZE}
        last = max(block)
        for raw in _dsm_computers.search(client, expand, after=first - 1, size=last - first + 1):
            if raw["ID"] in block:
                yield raw
            if raw["ID"] >= last:
                break
        left = left[len(block) :]


def everyone(client):
    """Where all computers are: {ID: (group ID or None, policy ID or None)}."""
    return {raw["ID"]: _places(raw) for raw in _dsm_computers.search(client, ())}


def start(client, wanted, expand, describe, body, most=1, own_filter=None, also=(), check_mode=False):
    """The step start: (result, None or why nothing could be started).

    describe(raw computer) is (what a later look compares with, whether there is anything to do for it). A task may take
    in a computer with nothing to do, or one of also, but none is started for it. body(computerFilter) is the task's own
    part.
    """
    before, places, done = {}, {}, set()
    for raw in read(client, wanted, expand):
        places[raw["ID"]] = _places(raw)
        before[str(raw["ID"])], due = describe(raw)
        if not due:
            done.add(raw["ID"])
    if own_filter:
        planned = by_filter(own_filter[0], own_filter[1], places)
    else:
        everywhere = everyone(client) if len(places) > 1 else places
        # Somebody may have deleted computers in between.
        places = {number: everywhere[number] for number in places if number in everywhere}
        planned = cover(set(places) - done, everywhere, most, (done & set(places)) | set(also))[0]
    if check_mode:
        tasks, problems = [dict(task, id=None, name=None) for task in planned], []
    else:
        tasks, problems = _send(client, planned, body)
    started = [task for task in tasks if check_mode or task["id"] is not None]
    covered = {number for task in started for number in task["computers"]}
    result = {
        "changed": bool(tasks),
        "tasks": tasks,
        "uncovered": sorted(set(places) - done - covered),
        "missing": sorted(set(wanted) - set(places)),
        "before": before,
        "problems": problems,
    }
    return result, problems[0] if problems and not started else None


def _send(client, planned, body):
    """(tasks that were started or may have been, problems). After a problem of the Manager itself no more are sent."""
    tasks, problems = [], []
    for plan in planned:
        task = dict(plan, id=None, name=PREFIX + str(uuid.uuid4()))
        try:
            task["id"] = create(client, dict(body(task["filter"]), name=task["name"], runNow=True))
        except _dsm.DsmError as error:
            problems.append(str(error))
            if error.unclear:
                tasks.append(task)
            if error.status in REFUSED:
                continue
            break
        tasks.append(task)
    return tasks, problems


def create(client, body):
    """The ID of a new scheduled task that runs once. Where its answer is lost the task is looked for by its name.

    Raises DsmError; with a status below 500 the Manager has not taken it, else it may have.
    """
    lost = None
    for dummy in range(ATTEMPTS):
        try:
            number = client.post("scheduledtasks", dict(body, scheduleDetails=ONCE)).get("ID")
            if isinstance(number, int):
                return number
            failed = _dsm.DsmError("%s returned no ID of the scheduled task that it made" % client.url)
        except _dsm.DsmError as error:
            failed = error
        if not lost and not failed.unclear:
            raise failed
        lost = lost or failed
        try:
            there = find(client, [body["name"]])
        except _dsm.DsmError:
            break
        if there:
            return there[0][0]
        if not failed.unclear:
            raise failed
        # A task that ran and removed itself meanwhile is not there either. Doing the same again does no harm.
    raise _dsm.DsmError("%s. Whether it has the scheduled task %s is not known" % (lost, body["name"]), lost.status)


def find(client, names):
    """[(ID, name)] of the scheduled tasks with these names."""
    return [
        (task["ID"], task["name"])
        for task in client.search("scheduledtasks", "scheduledTasks")
        if task.get("name") in names
    ]


def finish(client, tasks, check_mode=False):
    """The step finish: deletes what is left of the tasks of a start. An ID may be unknown; the names are not."""
    names = {task.get("name") for task in tasks if task.get("name")}
    for name in names:
        if not str(name).startswith(PREFIX):
            raise _dsm.DsmError("%s is none of the tasks that are started here; give tasks as start returned it" % name)
    left = find(client, names) if names else []
    deleted = []
    for number, name in left:
        try:
            if check_mode or client.delete("scheduledtasks/%d" % number):
                deleted.append(name)
        except _dsm.DsmError as error:
            stay = ", ".join(other for dummy, other in left if other not in deleted)
            raise _dsm.DsmError("%s. Delete these scheduled tasks in the Manager's console: %s" % (error, stay))
    return {"changed": bool(deleted), "deleted": sorted(deleted)}


def look(client, wanted, expand, judge):
    """The step look: the states {ID: {state, evidence}}; judge(raw computer) makes one."""
    gone = {"state": "gone", "evidence": "the Manager does not know this computer, or no longer"}
    states = {str(number): dict(gone) for number in wanted}
    for raw in read(client, wanted, expand):
        states[str(raw["ID"])] = judge(raw)
    return {"changed": False, "states": states}


def status_of(raw):
    """The status of the computer itself: {offline: bool, messages: [texts], tasks: [texts]}."""
    computer, tasks = part(raw, "computerStatus"), part(raw, "tasks")
    return {
        # A computer without an agent of its own is protected by an appliance, whose status counts.
        "offline": computer.get("agentStatus") == "inactive" and computer.get("applianceStatus") != "active",
        "messages": _texts(computer.get("agentStatusMessages")),
        "tasks": _texts(tasks.get("agentTasks")) + _texts(tasks.get("applianceTasks")),
    }


def sentence(status):
    """The same for the operator, or nothing."""
    messages = "; ".join(status["messages"])
    parts = ["offline in the Manager (%s)" % (messages or "inactive")] if status["offline"] else []
    if status["tasks"]:
        parts.append("at work: %s" % "; ".join(status["tasks"]))
    return ", ".join(parts)


def part(raw, name):
    """The mapping of that name, or an empty one."""
    value = raw.get(name)
    return value if isinstance(value, dict) else {}


def as_text(value):
    """One line of what should be a text, or None."""
    line = " ".join(value.split()) if isinstance(value, str) else ""
    return (line if len(line) <= 200 else line[:200] + "...") or None


def as_number(value):
    """A whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _texts(value):
    found = [as_text(item) for item in value] if isinstance(value, list) else []
    return [item for item in found if item]


def _places(raw):
    """(group ID or None, policy ID or None); the Manager writes 0 for none."""
    return as_number(raw.get("groupID")) or None, as_number(raw.get("policyID")) or None
