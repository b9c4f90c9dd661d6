(() => {
  "use strict";
  // Walks through the graph of causes by keyboard, pointer or touch: what moved a liquidation, and what it moved.
  const root = document.getElementById("walk");
  if (!root) return;
  const { content, data, charts, originOf, place, scaleOf } = window.cascade;
  const SHOWN = 5;
  const SVG = "http://www.w3.org/2000/svg";
  const chart = charts.find((one) => one.key === "graph");
  const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 0 });
  const cut = (name) => (name.startsWith("0x") ? `${name.slice(0, 10)}\u2026${name.slice(-4)}` : name);
  const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

  function add(parent, tag, attributes = {}, text = "") {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    parent.append(made);
    return made;
  }

  // Read when first needed. No two dots have the same place, so that the ends of an edge name its liquidations.
  let graph = null;
  function read() {
    if (graph) return graph;
    const dots = data.graph.filter((row) => row.kind === "liquidation").map((row) => ({ row, before: [], after: [] }));
    const at = new Map(dots.map((dot, number) => [`${dot.row.t}|${dot.row.y}`, number]));
    for (const row of data.graph) {
      if (row.kind === "liquidation") continue;
      const [from, to] = [at.get(`${row.t}|${row.y}`), at.get(`${row.t2}|${row.y2}`)];
      if (from === undefined || to === undefined) continue;
      const isPivot = row.kind === "pivot edge";
      dots[to].before.push({ number: from, share: row.share, isPivot });
      dots[from].after.push({ number: to, share: row.share, isPivot });
    }
    for (const dot of dots) for (const side of [dot.before, dot.after]) side.sort((a, b) => b.isPivot - a.isPivot || b.share - a.share);
    return (graph = dots);
  }

  let chosen = -1;
  const bar = add(root, "div", { class: "walk-bar" });
  const control = (text, act) => add(bar, "button", { type: "button" }, text).addEventListener("click", act);
  control("\u25C0 earlier", () => choose(chosen - 1));
  control("later \u25B6", () => choose(chosen + 1));
  control("\u25B2 what moved it", () => follow("before"));
  control("\u25BC what it moved", () => follow("after"));
  control("its row", () => row());
  add(root, "p", { id: "walk-keys", class: "small" }, "Here Left and Right go to the liquidation before and after, Up to the one that moved it most, Down to the one that it moved most, Home and End to the first and the last, Enter to the row. Or point at a dot. Whole lines lead from what moved it, dashed lines to what it moved. Of very many links, the strongest are drawn and counted.");
  const said = add(root, "p", { id: "walk-said", role: "status" });
  const lists = add(root, "div");

  const brief = (dot) => `${dot.row.time} ${cut(dot.row.borrower)}, ${money.format(dot.row.covered)}`;
  function list(title, edges) {
    if (!edges.length) return;
    add(lists, "p", {}, title);
    const items = add(lists, "ul");
    for (const { number, share, isPivot } of edges.slice(0, SHOWN)) {
      const text = `${brief(graph[number])}: ${percent(share)}${isPivot ? ", the pivot" : ""}`;
      add(add(items, "li"), "button", { type: "button" }, text).addEventListener("click", () => { root.focus(); choose(number); });
    }
    if (edges.length > SHOWN) add(items, "li", {}, `${edges.length - SHOWN} more`);
  }

  function describe() {
    const dot = graph[chosen];
    const { row: { time, borrower, covered, generation, pivot, by } } = dot;
    const cause = content.pivots[pivot] ?? pivot;
    said.textContent =
      `Liquidation ${chosen + 1} of ${graph.length}: ${time} UTC, ${cut(borrower)}, ${money.format(covered)} covered, generation ${generation}. ` +
      `Taken under 1 by: ${cause}${by ? ` (${by})` : ""}. ` +
      `Lowered by ${dot.before.length} earlier liquidation${dot.before.length === 1 ? "" : "s"}; lowered ${dot.after.length} later one${dot.after.length === 1 ? "" : "s"}.`;
    lists.replaceChildren();
    list("What moved it, by share of the health factor that it lost:", dot.before);
    list("What it moved, by share of the health factor that the other lost:", dot.after);
  }

  // A ring around the liquidation; whole lines lead from its sources, dashed lines to what it moved.
  function mark() {
    chart.marked.replaceChildren();
    const [x, y] = [scaleOf(chart, "x"), scaleOf(chart, "y")];
    if (chosen < 0 || !x || !y) return;
    const [left, top] = originOf(chart);
    const spot = ({ row: { t, y: height } }) => [left + x(t), top + y(height)];
    const draw = (name, attributes) => {
      const made = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      chart.marked.append(made);
    };
    const dot = graph[chosen];
    const [cx, cy] = spot(dot);
    for (const side of ["before", "after"]) {
      for (const { number } of dot[side].slice(0, 40)) {
        const [ox, oy] = spot(graph[number]);
        draw("path", { class: side, d: `M${ox} ${oy}L${cx} ${cy}` });
      }
    }
    draw("circle", { cx, cy, r: 11 });
  }
  chart.mark = mark;

  function choose(number) {
    const { length } = read();
    if (!length) return;
    const next = Math.min(length - 1, Math.max(0, number));
    if (next === chosen) return;
    chosen = next;
    describe();
    if (chart.view) place(chart);
  }
  function follow(side) {
    if (read().length && chosen < 0) choose(0);
    const [first] = graph[chosen]?.[side] ?? [];
    if (first) choose(first.number);
    else if (chosen >= 0) said.textContent = `Liquidation ${chosen + 1}: ${side === "before" ? "no earlier liquidation moved it" : "it moved no later liquidation"}.`;
  }
  function row() {
    if (chosen >= 0) window.cascade.chosen(graph[chosen].row.tx);
  }

  root.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && event.target !== root) return;
    if (event.key === "ArrowRight") choose(chosen + 1);
    else if (event.key === "ArrowLeft") choose(chosen - 1);
    else if (event.key === "ArrowUp") follow("before");
    else if (event.key === "ArrowDown") follow("after");
    else if (event.key === "Home") choose(0);
    else if (event.key === "End") choose(read().length - 1);
    else if (event.key === "Enter") row();
    else return;
    event.preventDefault();
  });
  // The pointer finds the nearest dot itself: a mark of the chart may lie under another.
  chart.plot.addEventListener("pointermove", ({ clientX, clientY }) => {
    const [x, y] = chart.view ? [scaleOf(chart, "x"), scaleOf(chart, "y")] : [];
    const marks = chart.plot.querySelector("svg.marks, canvas");
    if (!x || !y || !marks) return;
    const edge = marks.getBoundingClientRect();
    const [left, top] = originOf(chart);
    let [nearest, least] = [-1, 14 * 14];
    read().forEach(({ row: { t, y: height } }, number) => {
      const away = (edge.left + left + x(t) - clientX) ** 2 + (edge.top + top + y(height) - clientY) ** 2;
      if (away < least) [nearest, least] = [number, away];
    });
    if (nearest >= 0) choose(nearest);
  });
})();
