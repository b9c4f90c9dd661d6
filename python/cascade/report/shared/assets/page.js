(() => {
  "use strict";
  const { content, data, copy, csv, saveText } = window.cascade;

  // The table of liquidations.
  const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const text = (value) => String(value);
  const dollars = (value) => (value < 0 ? "\u2212" : "") + money.format(Math.abs(value));
  const health = (value) => (value === null ? "no debt" : value.toFixed(4));
  const hash = (value) => (value ? value.slice(0, 10) + "\u2026" + value.slice(-4) : "\u2013");
  // The name of a real account is its address.
  const name = (value) => (value.startsWith("0x") ? hash(value) : value);
  const columns = [
    ["time", "UTC", text], ["tx", "transaction", hash], ["borrower", "borrower", name],
    ["pair", "collateral/debt", text], ["keeper", "keeper", text],
    ["hf_before", "health", health, true], ["hf_after", "after", health, true],
    ["covered", "covered, $", dollars, true], ["deficit", "deficit, $", dollars, true],
    ["seized", "seized, $", dollars, true], ["profit", "profit, $", dollars, true], ["delay", "delay", text, true],
    ["bonus", "bonus, $", dollars, true], ["fee", "fee, $", dollars, true], ["gas", "gas, $", dollars, true],
    ["price", "oracle price", (value) => value.toFixed(4), true], ["round", "round", text, true],
    ["block", "block", text, true], ["trigger", "triggered by", hash],
  ];
  const rows = data.liquidations;
  const element = (id) => document.getElementById(id);
  const state = { key: null, down: false, page: 0, chosen: "" };
  const head = element("rows").tHead.insertRow();
  const body = element("rows").tBodies[0];
  const searchable = rows.map((row) => [row.tx, row.borrower, row.pair, row.keeper, row.time, row.trigger].join(" ").toLowerCase());

  for (const [key, label, , numeric] of columns) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.className = numeric ? "number" : "";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      state.down = state.key === key ? !state.down : Boolean(numeric);
      state.key = key;
      state.page = 0;
      for (const other of head.cells) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      render();
    });
    cell.append(button);
    head.append(cell);
  }

  function selected() {
    const wanted = element("find").value.trim().toLowerCase();
    const deficit = element("only-deficit").checked;
    const found = rows.filter((row, i) => searchable[i].includes(wanted) && (!deficit || row.deficit > 0));
    if (state.key) {
      const sign = state.down ? -1 : 1;
      const value = (row) => (row[state.key] === null ? Infinity : row[state.key]);
      found.sort((a, b) => sign * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
    }
    return found;
  }

  function render() {
    const found = selected();
    const size = Number(element("size").value);
    const pages = Math.max(1, Math.ceil(found.length / size));
    state.page = Math.min(Math.max(0, state.page), pages - 1);
    body.replaceChildren();
    for (const row of found.slice(state.page * size, (state.page + 1) * size)) {
      const line = body.insertRow();
      if (row.tx === state.chosen) line.className = "chosen";
      for (const [key, , shown, numeric] of columns) {
        const cell = line.insertCell();
        cell.textContent = shown(row[key]);
        cell.className = (numeric ? "number" : "") + (key === "deficit" && row.deficit > 0 ? " loss" : "");
        if (shown === hash || (shown === name && row[key].startsWith("0x"))) {
          cell.title = row[key];
          cell.style.fontFamily = "var(--mono)";
        }
      }
    }
    element("matches").textContent = `${found.length.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")}`;
    element("page").textContent = `page ${state.page + 1} of ${pages}`;
    element("previous").disabled = state.page === 0;
    element("next").disabled = state.page === pages - 1;
    element("copy").disabled = element("download").disabled = found.length === 0;
  }

  function show(tx) {
    state.chosen = tx;
    state.page = 0;
    element("only-deficit").checked = false;
    element("find").value = tx;
    render();
    element("every-liquidation").scrollIntoView();
  }

  function follow() {
    const target = decodeURIComponent(location.hash.slice(1));
    if (target.startsWith("0x")) show(target);
    if (target === "every-liquidation-deficit" && !element("only-deficit").checked) {
      element("find").value = "";
      element("only-deficit").checked = true;
      render();
    }
  }

  const keys = content.datasets.liquidations.columns;
  const cells = () => selected().map((row) => keys.map((key) => row[key]));

  const restart = () => { state.page = 0; render(); };
  element("find").addEventListener("input", restart);
  element("only-deficit").addEventListener("change", restart);
  element("size").addEventListener("change", restart);
  element("previous").addEventListener("click", () => { state.page -= 1; render(); });
  element("next").addEventListener("click", () => { state.page += 1; render(); });
  element("download").addEventListener("click", () => saveText(csv(keys, cells()), "liquidations.csv", "text/csv"));
  element("copy").addEventListener("click", () => copy([keys, ...cells()], element("matches")));
  window.addEventListener("hashchange", follow);
  render();
  follow();
  window.cascade.chosen = show;
})();
