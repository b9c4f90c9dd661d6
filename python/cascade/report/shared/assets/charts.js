(() => {
  "use strict";
  const content = JSON.parse(document.getElementById("content").textContent);
  const data = {};
  for (const [name, table] of Object.entries(content.datasets)) {
    data[name] = table.rows.map((row) => Object.fromEntries(table.columns.map((column, i) => [column, row[i]])));
  }
  // For the page's own script: the data, promises of the charts, and a callback for a click on a transaction.
  window.cascade = { content, data, drawn: [], chosen: () => {} };
  const NARROW_PX = 480;
  const font = getComputedStyle(document.body).fontFamily;

  // Charts: the interpreter evaluates Vega's expressions without `eval`, which the page's policy forbids.
  const options = {
    ast: true,
    renderer: "svg",
    actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
    downloadFileName: document.title,
  };

  async function draw(plot, spec) {
    const name = spec.data.name;
    if (!data[name].length) {
      plot.textContent = "Nothing of this kind happened in this run.";
      plot.className = "plot empty";
      // A caption explains what is drawn, and nothing is.
      plot.parentElement.querySelector("figcaption").hidden = true;
      return;
    }
    const shown = structuredClone(spec);
    shown.config.font = font;
    if (plot.clientWidth < NARROW_PX) {
      // A legend in one row would be cut off at the edge of a narrow chart.
      shown.config.legend.columns = 1;
      const legend = shown.encoding && shown.encoding.color && shown.encoding.color.legend;
      if (legend && legend.columns) legend.columns = 2;
    }
    const result = await window.vegaEmbed(plot, { ...shown, datasets: { [name]: data[name] } }, options);
    // A point that stands for a row of the page leads to it.
    result.view.addEventListener("click", (_, item) => {
      if (item && item.datum && item.datum.anchor) window.location.hash = item.datum.anchor;
    });
    if (name === "liquidations" || name === "graph") {
      result.view.addEventListener("click", (_, item) => {
        if (item && item.datum && item.datum.tx) window.cascade.chosen(item.datum.tx);
      });
    }
  }

  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const variants = Object.entries(content.charts[figure.dataset.chart]);
    const plot = figure.querySelector(".plot");
    const bar = figure.querySelector(".variants");
    if (variants.length > 1 && data[variants[0][1].data.name].length) {
      for (const [label, spec] of variants) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = label;
        button.setAttribute("aria-pressed", String(label === variants[0][0]));
        button.addEventListener("click", () => {
          for (const other of bar.children) other.setAttribute("aria-pressed", String(other === button));
          draw(plot, spec);
        });
        bar.append(button);
      }
    }
    window.cascade.drawn.push(draw(plot, variants[0][1]));
  }
})();
