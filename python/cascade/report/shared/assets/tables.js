(() => {
  "use strict";
  // Every plain table: sort by a column, find rows, page through them, copy and save them.
  const { saveText, csv } = window.cascade;
  const FEW_ROWS = 5;
  const PAGE_ROWS = 25;

  function number(text) {
    const match = /^\s*([\u2212+-]?)\$?([\d,]*\.?\d+)\s*(k|M|bn|T)?\b/.exec(text);
    if (!match) return null;
    const size = { k: 1e3, M: 1e6, bn: 1e9, T: 1e12 }[match[3]] ?? 1;
    return (match[1] === "\u2212" || match[1] === "-" ? -1 : 1) * Number(match[2].replaceAll(",", "")) * size;
  }

  const text = (cell) => cell.innerText.trim().replace(/\s+/g, " ");
  // A hash that is cut short on the page is copied and saved whole.
  const whole = (cell) => cell.querySelector("code[title]")?.title || text(cell);

  async function copy(lines, said) {
    const plain = lines.map((line) => line.join("\t")).join("\n");
    try {
      await navigator.clipboard.writeText(plain);
    } catch {
      const area = document.createElement("textarea");
      area.value = plain;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    said.textContent = `${lines.length - 1} rows copied`;
  }
  window.cascade.copy = copy;

  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  }

  function enhance(table, name) {
    const rows = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[0].cells];
    if (rows.length < FEW_ROWS) return;
    const state = { column: -1, down: false, page: 0 };
    const tools = document.createElement("div");
    tools.className = "tools table-tools";
    const find = document.createElement("input");
    find.type = "search";
    find.setAttribute("aria-label", `Find in the table ${name}`);
    find.placeholder = "find";
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    const previous = button("Previous", () => show(state.page - 1));
    const next = button("Next", () => show(state.page + 1));
    const lines = () => [heads.map(text), ...found().map((row) => [...row.cells].map(whole))];
    const copyRows = button("Copy", () => copy(lines(), said));
    const saveRows = button("CSV", () => {
      const [columns, ...cells] = lines();
      saveText(csv(columns, cells), `${name.replace(/[^\w-]+/g, "-")}.csv`, "text/csv");
    });
    for (const one of [previous, next, copyRows, saveRows]) one.setAttribute("aria-label", `${one.textContent}: ${name}`);

    function found() {
      const wanted = find.value.trim().toLowerCase();
      const kept = rows.filter((row) => row.textContent.toLowerCase().includes(wanted));
      if (state.column < 0) return kept;
      const keyed = kept.map((row) => [text(row.cells[state.column]), row]);
      const allNumbers = keyed.every(([key]) => number(key) !== null || !/\d/.test(key));
      const value = (key) => (allNumbers ? number(key) ?? -Infinity : key.toLowerCase());
      const sign = state.down ? -1 : 1;
      keyed.sort(([a], [b]) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : 0));
      return keyed.map(([, row]) => row);
    }

    function show(page) {
      const kept = found();
      const pages = Math.max(1, Math.ceil(kept.length / PAGE_ROWS));
      state.page = Math.min(Math.max(0, page), pages - 1);
      table.tBodies[0].replaceChildren(...kept.slice(state.page * PAGE_ROWS, (state.page + 1) * PAGE_ROWS));
      previous.hidden = next.hidden = pages === 1;
      previous.disabled = state.page === 0;
      next.disabled = state.page === pages - 1;
      const place = pages > 1 ? `, page ${state.page + 1} of ${pages}` : "";
      said.textContent = `${kept.length} of ${rows.length} rows${place}`;
    }

    heads.forEach((cell, column) => {
      const label = cell.textContent.trim();
      if (!label) return;
      const sort = button(label, () => {
        state.down = state.column === column ? !state.down : cell.classList.contains("number");
        state.column = column;
        for (const other of heads) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        show(0);
      });
      sort.className = "sort";
      cell.replaceChildren(sort);
    });
    find.addEventListener("input", () => show(0));
    tools.append(find, said, previous, next, copyRows, saveRows);
    (table.closest(".scroll") ?? table).before(tools);
    show(0);
  }

  function title(element) {
    const heading = element.closest("details")?.querySelector("summary code, summary") ?? element.closest("section")?.querySelector("h2");
    return heading ? heading.textContent.trim() : "table";
  }

  // A table inside closed details is prepared when it is opened: a page has several hundred rows of them.
  for (const table of document.querySelectorAll("table.plain")) {
    if (!table.tHead || !table.tBodies.length) continue;
    const closed = table.closest("details:not([open])");
    if (closed) closed.addEventListener("toggle", () => enhance(table, title(table)), { once: true });
    else enhance(table, title(table));
  }

  // What scrolls sideways must be reached by keyboard.
  function reachable() {
    for (const [place, box] of [...document.querySelectorAll(".scroll, pre, figure.chart")].entries()) {
      if (box.scrollWidth <= box.clientWidth) continue;
      box.tabIndex = 0;
      if (box.tagName === "FIGURE") continue;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", `${title(box)}, part ${place + 1}, scrolls sideways`);
    }
  }
  addEventListener("resize", reachable);
  document.addEventListener("toggle", reachable, true);
  reachable();
})();
