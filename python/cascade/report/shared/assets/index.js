(() => {
  "use strict";
  // Two runs side by side: the keys of their scenarios, and the figures of their summaries, that differ.
  const { runs } = window.cascade.content;
  const boxes = [...document.querySelectorAll("input[data-run]")];
  const verdict = document.getElementById("verdict");
  const place = document.getElementById("differences");
  const NUMBER = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 12 });
  let chosen = [];

  const write = (value) => (value === undefined || value === null ? "\u2013" : typeof value === "number" ? NUMBER.format(value) : String(value));

  function add(parent, tag, text, name) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    parent.append(made);
    return made;
  }

  function differing(first, second) {
    const paths = [...new Set([...Object.keys(first), ...Object.keys(second)])];
    const same = (path) => JSON.stringify(first[path]) === JSON.stringify(second[path]);
    return [paths.filter((path) => !same(path)), paths.filter(same).length];
  }

  function table(title, first, second, part, isNumeric) {
    const [paths, same] = differing(first[part], second[part]);
    add(place, "h3", `${title}: ${paths.length} differ, ${same} are the same`);
    if (!paths.length) return paths.length;
    const box = add(place, "div", undefined, "scroll");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", title);
    const made = add(box, "table", undefined, "plain");
    const head = made.createTHead().insertRow();
    for (const heading of ["", first.name, second.name, ...(isNumeric ? ["difference"] : [])]) add(head, "th", heading);
    const body = made.createTBody();
    for (const path of paths) {
      const [a, b] = [first[part][path], second[part][path]];
      const row = body.insertRow();
      add(add(row, "td"), "code", path);
      for (const value of [a, b]) add(row, "td", write(value), typeof value === "number" ? "number" : "");
      if (isNumeric) add(row, "td", typeof a === "number" && typeof b === "number" ? write(b - a) : "", "number");
    }
    return paths.length;
  }

  function compare() {
    place.replaceChildren();
    for (const box of boxes) box.checked = chosen.includes(Number(box.dataset.run));
    if (chosen.length < 2) {
      verdict.textContent = chosen.length ? `${runs[chosen[0]].name} is chosen: choose a second run.` : "No two runs are chosen.";
      return;
    }
    const [first, second] = chosen.map((number) => runs[number]);
    table("Keys of the scenario", first, second, "scenario", false);
    const figures = table("Figures", first, second, "figures", true);
    const sameTables = first.figures.tables_sha256 === second.figures.tables_sha256;
    verdict.textContent = `${first.name} and ${second.name}: ${sameTables ? "the same tables, byte for byte" : `${figures} figures differ`}.`;
  }

  for (const box of boxes) {
    box.addEventListener("change", () => {
      const number = Number(box.dataset.run);
      // A third choice replaces the earlier of the two.
      chosen = box.checked ? [...chosen, number].slice(-2) : chosen.filter((other) => other !== number);
      compare();
    });
  }
})();
