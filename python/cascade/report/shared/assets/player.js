(() => {
  "use strict";
  // Plays the crash block by block: one moment, shown by every part of the player at once.
  const root = document.getElementById("player-root");
  if (!root) return;
  const { player } = window.cascade.content;
  const times = Float64Array.from(player.times);
  const last = times.length - 1;
  const LINES = ["blue", "orange", "purple", "teal", "red", "grey", "green", "ochre"];
  const DASHES = [[], [7, 3], [2, 2], [10, 3, 2, 3], [4, 4], [12, 4]];
  const SPEEDS = [5, 15, 60, 240];
  const SHOWN_EVENTS = 8;
  const state = { at: 0, exact: 0, playing: false, speed: 15, asset: player.lead, venue: player.ladder };
  const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);
  const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 4 });
  const write = (value) => (value === null || value === undefined || Number.isNaN(value) ? "\u2013" : short.format(value));

  function add(parent, tag, { text, ...attributes } = {}) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent.append(made);
    return made;
  }

  function choice(parent, label, values, chosen, act) {
    parent.append(" ");
    const holder = add(parent, "label", { text: `${label} ` });
    const select = add(holder, "select");
    for (const value of values) add(select, "option", { text: value, value });
    select.value = chosen;
    select.addEventListener("change", () => act(select.value));
    return select;
  }

  // Controls.
  const bar = add(root, "div", { class: "player-bar" });
  const control = (text, label, act) => {
    const made = add(bar, "button", { type: "button", text, "aria-label": label });
    made.addEventListener("click", act);
    return made;
  };
  const play = control("Play", "Play", () => toggle());
  control("\u25C0", "Back one block", () => stop(state.at - 1));
  control("\u25B6", "On one block", () => stop(state.at + 1));
  control("next event", "next event: on to the next liquidation", () => stop(nextEvent()));
  const slider = add(bar, "input", { type: "range", min: 0, max: last, step: 1, value: 0, "aria-label": "Moment of the crash" });
  slider.addEventListener("input", () => stop(Number(slider.value)));
  const moment = add(bar, "output", { class: "player-clock" });
  choice(bar, "Blocks per second", SPEEDS, state.speed, (value) => (state.speed = Number(value)));

  const columns = add(root, "div", { class: "player-columns" });
  const left = add(columns, "div");
  const right = add(columns, "div");

  // Lines over time, drawn once; only their cursor moves.
  const plots = [];
  function panel(parent, title, seriesOf, height, tools) {
    const box = add(parent, "div", { class: "player-panel" });
    const head = add(box, "h3", { text: title });
    if (tools) tools(head);
    const place = add(box, "div", { role: "img", class: "player-plot" });
    const legend = add(box, "ul", { class: "player-legend" });
    const made = { title, seriesOf, height, place, legend, plot: null, values: [] };
    plots.push(made);
    return made;
  }

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  function draw(one) {
    one.plot?.destroy();
    one.legend.replaceChildren();
    const series = one.seriesOf();
    one.place.setAttribute("aria-label", `${one.title}: ${series.map((line) => line.name).join(", ")}; the values at the cursor stand below`);
    one.values = series.map((line) => Float64Array.from(line.values, (value) => value ?? NaN));
    const plotted = series.map((line) => line.values);
    const nothing = () => null;
    const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "11px sans-serif" };
    const scaleOf = (line, number) => (one.twoScales && number ? "second" : "y");
    one.plot = new uPlot(
      {
        width: Math.max(200, one.place.clientWidth),
        height: one.height,
        legend: { show: false },
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: false, y: false },
          bind: { mousedown: nothing, mouseup: nothing, mousemove: nothing, mouseleave: nothing, mouseenter: nothing, click: nothing, dblclick: nothing },
        },
        scales: { x: { time: true } },
        axes: [
          { ...axis, size: 28, values: (_, splits) => splits.map((split) => clock(split).slice(0, 5)) },
          { ...axis, size: 62, values: (_, splits) => splits.map(write) },
          ...(one.twoScales && series.length > 1 ? [{ ...axis, scale: "second", side: 1, size: 50, grid: { show: false }, values: (_, splits) => splits.map(write) }] : []),
        ],
        series: [
          {},
          ...series.map((line, number) => ({
            label: line.name,
            scale: scaleOf(line, number),
            stroke: colour(`line-${LINES[number % LINES.length]}`),
            dash: DASHES[number % DASHES.length],
            width: 2,
            points: { show: false },
            paths: uPlot.paths.stepped({ align: 1 }),
          })),
        ],
      },
      [times, ...plotted],
      one.place,
    );
    series.forEach((line, number) => {
      const item = add(one.legend, "li");
      const sample = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      sample.setAttribute("width", 26);
      sample.setAttribute("height", 8);
      sample.setAttribute("aria-hidden", "true");
      const stroke = document.createElementNS("http://www.w3.org/2000/svg", "line");
      for (const [name, value] of Object.entries({ x1: 0, x2: 26, y1: 4, y2: 4, "stroke-width": 2.5, stroke: `var(--line-${LINES[number % LINES.length]})`, "stroke-dasharray": DASHES[number % DASHES.length].join(" ") })) stroke.setAttribute(name, value);
      sample.append(stroke);
      item.append(sample, ` ${line.name} `);
      add(item, "b");
    });
    // Press and drag anywhere in a chart to move the moment.
    const seek = (event) => {
      const { left: from, width } = one.plot.over.getBoundingClientRect();
      const wanted = one.plot.posToVal(Math.min(width, Math.max(0, event.clientX - from)), "x");
      stop(placeOf(wanted));
    };
    one.plot.over.addEventListener("pointerdown", (event) => { one.plot.over.setPointerCapture(event.pointerId); seek(event); });
    one.plot.over.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });
    point(one);
  }

  function point(one) {
    one.plot.setCursor({ left: one.plot.valToPos(times[state.at], "x"), top: 1 });
    [...one.legend.children].forEach((item, number) => (item.lastChild.textContent = write(one.values[number][state.at])));
  }

  const assets = Object.keys(player.prices);
  if (assets.length) {
    const prices = panel(left, "Prices in dollars", () => player.prices[state.asset], 230, (head) => {
      if (assets.length > 1) choice(head, "of", assets, state.asset, (value) => { state.asset = value; draw(prices); describe(); });
      else head.append(` of ${assets[0]}`);
    });
  }
  if (player.sales.length) panel(left, "Liquidated so far, in dollars", () => player.sales, 170);
  else add(left, "p", { class: "said", text: "Nothing was liquidated." });
  if (player.space.length) panel(left, "Queue and base fee", () => player.space, 140).twoScales = true;
  else add(left, "p", { class: "said", text: "No transaction waited for block space, and the base fee did not change or is not known." });

  // Bars that change their length: the depth as a ladder, and the crowd of health factors.
  function bars(parent, title, tools) {
    const box = add(parent, "div", { class: "player-panel" });
    const head = add(box, "h3", { text: title });
    if (tools) tools(head);
    return add(box, "div", { class: "player-bars" });
  }
  function row(parent, label, classes) {
    const line = add(parent, "div", { class: "player-row" });
    const made = classes.map((name) => {
      const track = add(line, "span", { class: `track ${name}` });
      const bar = add(track, "i");
      return { bar, text: add(line, "span", { class: `count ${name}` }) };
    });
    const name = add(line, "span", { class: "rung", text: label });
    return { line, name, made };
  }
  const placeOf = (seconds) => times.findIndex((time, place) => place === last || times[place + 1] > seconds);
  const largest = (lists) => Math.max(1e-12, ...lists.map((list) => list.reduce((most, value) => Math.max(most, value ?? 0), 0)));
  function set(part, value, most) {
    part.bar.style.width = `${(100 * (value ?? 0)) / most}%`;
    part.text.textContent = write(value);
  }

  let ladder = null;
  let rungs = [];
  const venues = Object.keys(player.depth);
  function drawLadder() {
    ladder.replaceChildren();
    const { rungs: found, asset } = player.depth[state.venue];
    const most = largest(found.flatMap((rung) => [rung.bids, rung.asks]));
    add(ladder, "p", { class: "small", text: `${asset} that can be sold (left) and bought (right) within a distance of the price` });
    rungs = found.map((rung) => ({ rung, most, ...row(ladder, `within ${rung.within}`, ["bids", "asks"]) }));
  }
  if (venues.length) {
    ladder = bars(right, "Depth", (head) => {
      if (venues.length > 1) choice(head, "of", venues, state.venue, (value) => { state.venue = value; drawLadder(); show(); });
      else head.append(` of ${venues[0]}`);
    });
    drawLadder();
  }
  const crowd = player.health.length ? bars(right, "Open positions by health factor") : null;
  const mostPositions = largest(player.health.map((bucket) => bucket.values));
  const buckets = player.health.map((bucket) => ({ bucket, ...row(crowd, bucket.name, [bucket.under ? "weak" : "sound"]) }));

  // Liquidations as they happen.
  const { at, words, tx } = player.events;
  const happened = new Int32Array(times.length);
  for (const place of at) happened[place] += 1;
  for (let place = 1; place <= last; place += 1) happened[place] += happened[place - 1];
  const eventBox = add(right, "div", { class: "player-panel" });
  const eventHead = add(eventBox, "h3");
  const eventList = add(eventBox, "ol", { class: "player-events" });
  let listed = -1;
  function listEvents() {
    const count = happened[state.at];
    if (count === listed) return;
    listed = count;
    eventHead.textContent = `Liquidations: ${count} of ${at.length}`;
    eventList.replaceChildren();
    for (let number = count - 1; number >= Math.max(0, count - SHOWN_EVENTS); number -= 1) {
      const item = add(eventList, "li", { class: at[number] === state.at ? "new" : "" });
      const text = `${clock(times[at[number]])} ${words[number]}`;
      if (!tx[number]) { item.textContent = text; continue; }
      add(item, "button", { type: "button", text }).addEventListener("click", () => { pause(); window.cascade.chosen(tx[number]); });
    }
  }
  function nextEvent() {
    const place = at.findIndex((one) => one > state.at);
    return place < 0 ? last : at[place];
  }

  // Links light up while they last.
  const linkBox = player.links.length ? add(left, "div", { class: "player-panel" }) : null;
  if (linkBox) add(linkBox, "h3", { text: "Links of the chain" });
  const linkList = linkBox && add(linkBox, "ol", { class: "player-links" });
  const links = player.links.map((link) => {
    const item = add(linkList, "li");
    const mark = add(item, "span", { class: "mark" });
    add(item, "span", { text: link.name });
    return { link, item, mark };
  });

  // What a screen reader is told: the moment, when it stands still, and its values as a table.
  const live = add(root, "p", { class: "visually-hidden", role: "status" });
  // A table does not shrink below its words, so that it is the box around it that is hidden.
  const table = add(add(root, "div", { class: "visually-hidden" }), "table", { id: "player-values" });
  let waiting = 0;
  function describe() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const under = player.health.filter((bucket) => bucket.under).reduce((sum, bucket) => sum + (bucket.values[state.at] ?? 0), 0);
      const on = links.filter(({ item }) => item.classList.contains("on")).length;
      live.textContent = `${clock(times[state.at])} UTC, ${happened[state.at]} liquidations so far, ${under} positions under a health factor of 1, ${on} links under way`;
      table.replaceChildren();
      add(table, "caption", { text: `Values at ${clock(times[state.at])} UTC` });
      for (const one of plots) {
        one.seriesOf().forEach((line, number) => {
          const shown = add(table, "tr");
          add(shown, "th", { scope: "row", text: `${one.title}, ${line.name}` });
          add(shown, "td", { text: write(one.values[number][state.at]) });
        });
      }
    }, 250);
  }

  function show() {
    moment.textContent = `${clock(times[state.at])} UTC`;
    slider.value = state.at;
    slider.setAttribute("aria-valuetext", `${clock(times[state.at])} UTC, block ${state.at + 1} of ${times.length}`);
    plots.forEach(point);
    for (const { rung, most, made } of rungs) {
      set(made[0], rung.bids[state.at], most);
      set(made[1], rung.asks[state.at], most);
    }
    for (const { bucket, made } of buckets) set(made[0], bucket.values[state.at], mostPositions);
    listEvents();
    const now = times[state.at];
    for (const { link, item, mark } of links) {
      const phase = now < link.from ? "before" : now > link.to ? "past" : "on";
      if (item.className !== phase) item.className = phase;
      const sign = phase === "before" ? "\u25CB" : phase === "past" ? "\u2713" : now >= link.peak ? "\u25CF past its peak:" : "\u25CF under way:";
      if (mark.textContent !== sign) mark.textContent = sign;
    }
    window.cascade.moved(now);
    if (!state.playing) describe();
  }

  function go(place) {
    const next = Math.min(last, Math.max(0, place));
    if (next === state.at) return;
    state.at = next;
    show();
  }
  function stop(place) {
    if (state.playing) pause();
    state.exact = Math.min(last, Math.max(0, place));
    go(state.exact);
  }
  function pause() {
    state.playing = false;
    play.textContent = "Play";
    play.setAttribute("aria-label", "Play");
    describe();
  }
  let before = 0;
  function tick(now) {
    if (!state.playing) return;
    state.exact += (state.speed * Math.min(100, now - before)) / 1000;
    before = now;
    go(Math.floor(state.exact));
    if (state.at >= last) pause();
    else requestAnimationFrame(tick);
  }
  function toggle() {
    if (state.playing) { pause(); return; }
    if (state.at >= last) go(0);
    state.exact = state.at;
    state.playing = true;
    play.textContent = "Pause";
    play.setAttribute("aria-label", "Pause");
    before = performance.now();
    requestAnimationFrame(tick);
  }

  const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -50, PageDown: 50 };
  root.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { key, target } = event;
    if (key === " " && /^(BUTTON|SELECT)$/.test(target.tagName)) return;
    if (target.tagName === "SELECT") return;
    if (key === " ") toggle();
    else if (key in STEPS) stop(state.at + STEPS[key] * (event.shiftKey ? 10 : 1));
    else if (key === "Home") stop(0);
    else if (key === "End") stop(last);
    else if (key === "n") stop(nextEvent());
    else return;
    event.preventDefault();
  });

  const drawPlots = () => plots.forEach(draw);
  drawPlots();
  show();
  matchMedia("screen and (prefers-color-scheme: dark)").addEventListener("change", drawPlots);
  new ResizeObserver(() => {
    for (const one of plots) {
      const width = Math.max(200, one.place.clientWidth);
      if (Math.abs(one.plot.width - width) > 1) { one.plot.setSize({ width, height: one.height }); point(one); }
    }
  }).observe(left);
  window.cascade.sought = (seconds) => stop(placeOf(seconds));
  window.cascade.player = { state, go, last };
})();
