(() => {
  "use strict";
  const content = JSON.parse(document.getElementById("content").textContent);
  const data = {};
  for (const [name, table] of Object.entries(content.datasets)) {
    // Made when first asked for: most charts are drawn long after the page has come up.
    let rows = null;
    const make = () => table.rows.map((row) => Object.fromEntries(table.columns.map((column, i) => [column, row[i]])));
    Object.defineProperty(data, name, { enumerable: true, get: () => (rows ??= make()) });
  }
  const NARROW_PX = 480;
  const MARGIN_PX = 60;
  const MANY_ROWS = 3000;
  const font = getComputedStyle(document.body).fontFamily;
  const dark = matchMedia("screen and (prefers-color-scheme: dark)");
  const charts = [];

  // The interpreter evaluates Vega's expressions without `eval`, which the page's policy forbids. The chart as a whole is
  // an image with a name; its parts have none, so they are kept from a screen reader.
  const options = { ast: true, actions: false };

  function coloured(value) {
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, coloured(part)]));
    }
    return typeof value === "string" && content.dark[value] ? content.dark[value] : value;
  }

  async function draw(chart) {
    const { plot, figure } = chart;
    const spec = chart.variants[chart.shown][1];
    const name = spec.data.name;
    if (!data[name].length) {
      plot.textContent = "Nothing of this kind happened in this run.";
      plot.className = "plot empty";
      plot.style.minHeight = "";
      // A caption explains what is drawn, and nothing is.
      figure.querySelector("figcaption").hidden = true;
      return;
    }
    const shown = dark.matches ? coloured(spec) : structuredClone(spec);
    shown.config.font = font;
    if (plot.clientWidth < NARROW_PX) {
      // A legend in one row would be cut off at the edge of a narrow chart.
      shown.config.legend.columns = 1;
      const legend = shown.encoding && shown.encoding.color && shown.encoding.color.legend;
      if (legend && legend.columns) legend.columns = 2;
    }
    // Ten thousand marks are drawn at once on a canvas, and one by one as elements.
    const renderer = data[name].length > MANY_ROWS ? "canvas" : "svg";
    const result = await window.vegaEmbed(plot, { ...shown, datasets: { [name]: data[name] } }, { ...options, renderer });
    chart.view = result.view;
    for (const part of plot.querySelectorAll("svg, canvas, svg [role]")) {
      for (const name of ["role", "aria-roledescription", "aria-label"]) part.removeAttribute(name);
    }
    const hasRows = name === "liquidations" || name === "graph";
    result.view.addEventListener("click", (event, item) => {
      // A point that stands for a row of the page leads to it; elsewhere on an axis of time, the player goes there.
      const { anchor, tx } = (item && item.datum) || {};
      if (anchor) window.location.hash = anchor;
      else if (hasRows && tx) window.cascade.chosen(tx);
      else if (overTime(chart)) window.cascade.sought(momentAt(chart, event));
    });
    layOver(chart);
    result.view.addSignalListener("width", () => result.view.runAfter(() => place(chart)));
  }

  // What moves over a chart stands in a layer above it: a chart that is drawn again for each moment would stutter.
  const SVG = "http://www.w3.org/2000/svg";
  let moment = null;
  function scaleOf(chart, name) {
    try {
      return chart.view.scale(name);
    } catch {
      return null; // a chart of several panels has no scale of its own
    }
  }
  function overTime(chart) {
    const scale = scaleOf(chart, "x");
    return scale && ["time", "utc"].includes(scale.type) ? scale : null;
  }
  // The origin of the axes within the picture, to which Vega does not count its padding.
  function originOf({ view }) {
    const [left, top] = view.origin();
    return [left + view.padding().left, top + view.padding().top];
  }
  function momentAt(chart, event) {
    const edge = chart.plot.querySelector("svg.marks, canvas").getBoundingClientRect();
    return overTime(chart).invert(event.clientX - edge.left - originOf(chart)[0]) / 1000;
  }
  function layOver(chart) {
    chart.over = document.createElementNS(SVG, "svg");
    chart.over.setAttribute("class", "over");
    chart.over.setAttribute("aria-hidden", "true");
    chart.cursor = document.createElementNS(SVG, "line");
    chart.cursor.setAttribute("class", "cursor");
    chart.marked = document.createElementNS(SVG, "g");
    chart.over.append(chart.cursor, chart.marked);
    chart.plot.append(chart.over);
    place(chart);
  }
  function place(chart) {
    const marks = chart.plot.querySelector("svg.marks, canvas");
    if (!marks || !chart.over) return;
    const [outer, inner] = [chart.plot.getBoundingClientRect(), marks.getBoundingClientRect()];
    Object.assign(chart.over.style, {
      left: `${inner.left - outer.left}px`, top: `${inner.top - outer.top}px`, width: `${inner.width}px`, height: `${inner.height}px`,
    });
    point(chart);
    if (chart.mark) chart.mark();
  }
  function point(chart) {
    if (!chart.over) return;
    const scale = moment === null ? null : overTime(chart);
    const at = scale ? scale(moment * 1000) : -1;
    const isShown = at >= 0 && at <= chart.view.width();
    chart.cursor.style.display = isShown ? "" : "none";
    if (!isShown) return;
    const [left, top] = originOf(chart);
    for (const [name, value] of Object.entries({ x1: left + at, x2: left + at, y1: top, y2: top + chart.view.height() })) chart.cursor.setAttribute(name, value);
  }
  function moved(seconds) {
    moment = seconds;
    charts.forEach(point);
  }

  // One chart after the other, each once: two at the same time would only wait for each other.
  let turn = Promise.resolve();
  function ask(chart) {
    chart.drawn ??= (turn = turn.then(() => draw(chart)));
    return chart.drawn;
  }
  const redraw = (chart) => (chart.drawn = turn = turn.then(() => draw(chart)));

  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  }

  function save(href, name) {
    const link = document.createElement("a");
    link.href = href;
    link.download = name;
    link.click();
  }

  function csv(columns, rows) {
    const quoted = (value) => {
      const plain = value === null || value === undefined ? "" : String(value);
      // A spreadsheet would run text that begins like a formula.
      const safe = /^[=+@\t\r-]/.test(plain) && typeof value !== "number" ? "'" + plain : plain;
      return `"${safe.replaceAll('"', '""')}"`;
    };
    return [columns, ...rows].map((line) => line.map(quoted).join(",")).join("\n") + "\n";
  }

  function saveText(text, name, type) {
    const href = URL.createObjectURL(new Blob([text], { type }));
    save(href, name);
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  }

  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const key = figure.dataset.chart;
    const variants = Object.entries(content.charts[key]);
    const chart = { key, figure, plot: figure.querySelector(".plot"), variants, shown: 0, drawn: null, view: null, over: null };
    const table = content.datasets[variants[0][1].data.name];
    const bar = figure.querySelector(".variants");
    const height = variants[0][1].height;
    if (table.rows.length) {
      if (height) chart.plot.style.minHeight = `${height + MARGIN_PX}px`;
      if (variants.length > 1) {
        const group = document.createElement("span");
        variants.forEach(([label], number) => {
          const one = button(label, () => {
            for (const other of group.children) other.setAttribute("aria-pressed", String(other === one));
            chart.shown = number;
            redraw(chart);
          });
          one.setAttribute("aria-pressed", String(number === 0));
          group.append(one);
        });
        bar.append(group);
      }
      const saving = document.createElement("span");
      const picture = button("PNG", () => ask(chart).then(() => chart.view.toImageURL("png", 2)).then((url) => save(url, `${key}.png`)));
      const numbers = button("CSV", () => saveText(csv(table.columns, table.rows), `${key}.csv`, "text/csv"));
      picture.setAttribute("aria-label", `PNG: save the chart ${key} as a picture`);
      numbers.setAttribute("aria-label", `CSV: save the numbers of the chart ${key}`);
      saving.append(picture, numbers);
      bar.append(saving);
    }
    charts.push(chart);
  }

  // For the page's other scripts: the data, what draws every chart, what moves the cursor of every chart, and callbacks
  // for a click on a transaction and on a moment.
  const drawAll = () => Promise.all(charts.map(ask));
  window.cascade = { content, data, charts, drawAll, scaleOf, originOf, place, moved, csv, saveText, chosen: () => {}, sought: () => {} };

  const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 200));
  function drawRest() {
    // What nobody has scrolled to yet is drawn while nothing else is to do, so that a printed page is whole.
    const next = charts.find((chart) => !chart.drawn);
    if (next) idle(() => ask(next).then(drawRest));
  }
  document.addEventListener("DOMContentLoaded", () => {
    const seen = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (!entry.isIntersecting) continue;
          seen.unobserve(entry.target);
          ask(charts.find((chart) => chart.figure === entry.target));
        }
      },
      { rootMargin: "300px" },
    );
    for (const chart of charts) seen.observe(chart.figure);
  });
  window.addEventListener("load", () => setTimeout(drawRest, 2000));
  window.addEventListener("beforeprint", drawAll);
  dark.addEventListener("change", () => charts.filter((chart) => chart.drawn).forEach(redraw));
})();
