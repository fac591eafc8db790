// Copyright: (c) 2026, the deep_security.remediation contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The table of hosts: finds, filters, sorts, opens, exports. Data reaches the page as text only, never as markup.
"use strict";
(() => {
  const PAGE = 50;
  const PRINTED = 300;
  const FILTERS = ["result", "verdict", "role", "platform", "site", "next"];
  const COLUMNS = ["host", "result", "verdict", "build", "role", "platform", "site", "done", "next"];
  const EXPORTED = ["host", "result", "verdict", "build", "role", "platform", "os", "site", "done", "next", "reason"];
  const SHOWN_TOO = ["reason", "error", "next", "os", "role", "platform", "site", "done"];
  const LISTS = ["waived", "findings", "prechecks", "versions", "services", "problems", "events", "manager", "log"];
  const URGENCY = { not_passed: 0, waived: 1, passed: 2 };

  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const collator = new Intl.Collator(data.language, { numeric: true });
  const count = (value) => value.toLocaleString(data.language);
  const hosts = data.hosts.map((values, index) => {
    const host = { index };
    data.fields.forEach((name, at) => { host[name] = values[at]; });
    [host.code, host.result] = host.result;
    return host;
  });

  const state = { column: "result", descending: false, page: 0, found: [], open: new Set(), printing: false };

  const text = (name, values = {}) =>
    (data.texts[name] ?? name).replace(/\{(\w+)\}/g, (all, key) => (key in values ? values[key] : all));

  function make(tag, className, content) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (content !== undefined) element.textContent = content;
    return element;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#icon-${name}`);
    svg.append(use);
    return svg;
  }

  // What is shown

  function matches(host, words, chosen) {
    if (!chosen.every(([name, value]) => host[name] === value)) return false;
    host.words ??= [...EXPORTED.map((name) => host[name]), host.detail.error].join("\n").toLowerCase();
    return words.every((word) => host.words.includes(word));
  }

  function compare(one, other) {
    const { column } = state;
    if (column === "result" && one.code !== other.code) return URGENCY[one.code] - URGENCY[other.code];
    return (column === "result" ? 0 : collator.compare(one[column], other[column])) || one.index - other.index;
  }

  function search() {
    const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = FILTERS.map((name) => [name, $(`filter-${name}`).selectedOptions[0]])
      .filter(([, option]) => option.dataset.one)
      .map(([name, option]) => [name, option.value]);
    state.found = hosts.filter((host) => matches(host, words, chosen)).sort(compare);
    if (state.descending) state.found.reverse();
    state.page = 0;
    draw();
  }

  function draw() {
    const first = state.printing ? 0 : state.page * PAGE;
    const page = state.found.slice(first, first + (state.printing ? PRINTED : PAGE));
    $("rows").replaceChildren(...page.flatMap(rows));
    const values = {
      from: count(first + 1), to: count(first + page.length), count: count(state.found.length), all: count(hosts.length),
    };
    const filtered = state.found.length < hosts.length;
    $("shown").textContent = text(!page.length ? "shown_none" : filtered ? "shown_filtered" : "shown", values);
    $("previous").disabled = state.page === 0;
    $("following").disabled = first + PAGE >= state.found.length;
    for (const head of document.querySelectorAll("#table th[data-column]")) {
      const sorted = head.dataset.column === state.column;
      head.setAttribute("aria-sort", sorted ? (state.descending ? "descending" : "ascending") : "none");
    }
  }

  // Rows

  function rows(host) {
    const row = make("tr", `is-${host.code}`);
    for (const name of COLUMNS) row.append(cell(host, name));
    return state.open.has(host.index) && !state.printing ? [row, details(host)] : [row];
  }

  function cell(host, name) {
    const value = host[name] || (["next", "done"].includes(name) ? "" : "—");
    if (name === "host") {
      const head = make("th", "c-host");
      head.scope = "row";
      const button = make("button", "host", value);
      button.type = "button";
      button.dataset.open = host.index;
      button.setAttribute("aria-expanded", state.open.has(host.index));
      if (state.open.has(host.index)) button.setAttribute("aria-controls", `detail-${host.index}`);
      head.append(button);
      return head;
    }
    const found = make("td", `c-${name}`);
    if (name === "result") {
      const kind = { passed: "good", waived: "warn", not_passed: "bad" }[host.code];
      const tag = make("span", `tag ${kind}`);
      tag.append(icon(kind), value);
      found.append(tag);
    } else {
      found.textContent = value;
    }
    // On paper nobody can open a host: its reason stands beside it.
    if (name === "next" && state.printing && host.code !== "passed") {
      found.append(make("p", "why", [host.reason, host.detail.error].filter(Boolean).join(" ")));
    }
    return found;
  }

  function details(host) {
    const row = make("tr", "detail");
    row.id = `detail-${host.index}`;
    const found = make("td");
    found.colSpan = COLUMNS.length;
    row.append(found);
    const list = make("dl", "facts");
    const fields = { ...Object.fromEntries(SHOWN_TOO.map((name) => [name, host[name]])), ...host.detail };
    for (const [name, value] of Object.entries(fields)) {
      if (!value || LISTS.includes(name)) continue;
      const pair = make("div", ["reason", "error", "next"].includes(name) ? "wide" : "");
      pair.append(make("dt", "", text(`field_${name}`)), make("dd", "", value));
      list.append(pair);
    }
    found.append(list);
    for (const name of LISTS) {
      if (host.detail[name]) found.append(make("h3", "", text(`field_${name}`)), evidence(name, host.detail[name]));
    }
    return row;
  }

  function evidence(name, items) {
    if (name === "log") return make("pre", "", items.join("\n"));
    const list = make("ul", name);
    for (const item of items) {
      const line = make("li");
      if (name === "versions") line.append(make("code", "", item[0]), " ", make("span", "", item[1]));
      else if (name === "findings") line.append(tagged(item[0] ? "bad" : "warn", text(item[0] ? "finding_fails" : "finding_noted")), item[1]);
      else if (name === "prechecks") line.append(make("code", "", item[0]), " ", make("strong", "", item[1]), " ", item.slice(2).join(" "));
      else line.textContent = item;
      list.append(line);
    }
    return list;
  }

  function tagged(kind, words) {
    const tag = make("span", `tag ${kind}`);
    tag.append(icon(kind), words);
    return tag;
  }

  function toggle(index) {
    if (!state.open.delete(index)) state.open.add(index);
    draw();
    document.querySelector(`[data-open="${index}"]`)?.focus();
  }

  function reveal(index) {
    $("filters").reset();
    search();
    state.page = Math.floor(state.found.findIndex((host) => host.index === index) / PAGE);
    state.open.add(index);
    draw();
    const button = document.querySelector(`[data-open="${index}"]`);
    button.scrollIntoView({ block: "center" });
    button.focus({ preventScroll: true });
  }

  // Export

  function quoted(value) {
    // A spreadsheet would compute a cell that begins so, some of them behind white space or in full width too.
    const safe = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value;
    return `"${safe.replaceAll('"', '""')}"`;
  }

  function exported() {
    const lines = [EXPORTED.map((name) => text(`column_${name}`)), ...state.found.map((host) => EXPORTED.map((name) => host[name]))];
    // Spreadsheets take a file for UTF-8 only where it begins with a byte-order mark.
    const content = "\ufeff" + lines.map((line) => line.map(quoted).join(",") + "\r\n").join("");
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
    link.download = data.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  // Beginning

  function fill(name) {
    const found = [...new Set(hosts.map((host) => host[name]))].sort(collator.compare);
    const options = found.map((value) => {
      const option = make("option", "", value || "—");
      option.value = value;
      option.dataset.one = "1";
      return option;
    });
    $(`filter-${name}`).replaceChildren(make("option", "", text("all")), ...options);
  }

  function sortBy(column) {
    state.descending = state.column === column && !state.descending;
    state.column = column;
    search();
  }

  function turn(pages) {
    state.page += pages;
    draw();
    $("table").scrollIntoView({ block: "start" });
  }

  FILTERS.forEach(fill);
  $("find").addEventListener("input", search);
  $("filters").addEventListener("change", search);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("clear").addEventListener("click", () => { $("filters").reset(); search(); });
  $("export").addEventListener("click", exported);
  $("previous").addEventListener("click", () => turn(-1));
  $("following").addEventListener("click", () => turn(1));
  document.addEventListener("click", (event) => {
    const head = event.target.closest("#table th[data-column] button");
    const { open, host, step } = event.target.closest("[data-open], [data-host], [data-step]")?.dataset ?? {};
    if (head) sortBy(head.parentElement.dataset.column);
    if (open) toggle(Number(open));
    if (host) {
      event.preventDefault();
      reveal(Number(host));
    }
    if (step) {
      $("filters").reset();
      $("filter-next").value = step;
      search();
      $("hosts").scrollIntoView();
      $("hosts").focus({ preventScroll: true });
    }
  });
  for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(event, () => { state.printing = printing; draw(); });
  }
  search();
})();
