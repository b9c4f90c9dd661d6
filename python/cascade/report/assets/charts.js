"use strict";
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const data = {};
  for (const [name, table] of Object.entries(content.datasets)) {
    data[name] = table.rows.map((row) => Object.fromEntries(table.columns.map((column, i) => [column, row[i]])));
  }
  const font = getComputedStyle(document.body).fontFamily;
  // The interpreter evaluates Vega's expressions without `eval`, which the page's policy forbids.
  const options = {
    ast: true,
    renderer: "svg",
    actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
    downloadFileName: document.title,
  };
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const spec = content.charts[figure.dataset.chart][""];
    const plot = figure.querySelector(".plot");
    const name = spec.data.name;
    if (!data[name].length) {
      plot.textContent = "Nothing of this kind happened in this run.";
      plot.className = "plot empty";
      continue;
    }
    const config = { ...spec.config, font };
    window.vegaEmbed(plot, { ...spec, config, datasets: { [name]: data[name] } }, options);
  }
})();
