"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = data.packets.length, times = Array.from({ length: count }, (_, i) => +((i + 0.5) * data.width).toPrecision(9));
  const bits = bytes => bytes.map(b => b * 8 / data.width);
  const dark = matchMedia("(prefers-color-scheme: dark)"), print = matchMedia("print");
  const color = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const number = v => +v.toPrecision(5);
  const short = (v, unit) => (v >= 1e9 ? number(v / 1e9) + " G" : v >= 1e6 ? number(v / 1e6) + " M" : v >= 1e3 ? number(v / 1e3) + " k" : number(v) + (unit ? " " : "")) + unit;
  const seconds = v => v == null ? "" : v >= 259200 ? number(v / 86400) + " d" : v >= 10800 ? number(v / 3600) + " h" : v >= 600 ? number(v / 60) + " min" : v >= 1 || v === 0 ? number(v) + " s" : number(v * 1e3) + " ms";
  const some = values => values.some(v => v);
  let plots = [];

  function draw(id, columns, series, unit, options) {
    const at = document.getElementById(id);
    at.textContent = "";
    if (!columns[0].length || !columns.slice(1).some(some)) {
      const p = document.createElement("p");
      p.className = "nothing";
      p.textContent = "none in this capture";
      at.append(p);
      return;
    }
    const axis = { stroke: color("dim"), grid: { stroke: color("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const plot = new uPlot({
      width: Math.max(200, at.clientWidth), height: id === "throughput" ? 260 : 210, padding: [12, 12, 0, 0],
      scales: { x: { time: false, ...options?.x }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
      cursor: { y: false, points: { size: 7 } }, legend: { show: true, live: true },
      axes: [{ ...axis, grid: { show: false }, size: 30, values: options?.labels || ((_, vs) => vs.map(seconds)), ...options?.axis },
             { ...axis, size: 76, values: (_, vs) => vs.map(v => short(v, unit)) }],
      series: [{ label: options?.name || "time", value: options?.value || ((_, v) => seconds(v)) }, ...series.map(s => ({ width: 1.5, points: { show: false }, value: (_, v) => v == null ? "–" : short(v, unit), ...s }))],
    }, columns, at);
    plots.push([plot, at]);
  }

  const bars = uPlot.paths.bars({ size: [0.7, 48], radius: 0.15 });
  function histogram(id) {
    const steps = data[id], xs = steps.map((_, i) => i);
    draw(id, [xs, steps.map(s => s.count)], [{ label: "count", stroke: color("a"), fill: color("a"), width: 0, paths: bars }], "", {
      name: "length", x: { range: () => [-0.6, xs.length - 0.4] }, value: (_, v) => v == null ? "" : steps[Math.round(v)]?.step ?? "",
      axis: { splits: plot => { const every = Math.max(1, Math.ceil(xs.length * 64 / plot.width)); return xs.filter(i => i % every === 0); } },
      labels: (_, vs) => vs.map(v => steps[v]?.step ?? ""),
    });
  }

  function all() {
    for (const [plot] of plots) plot.destroy();
    plots = [];
    const area = name => ({ stroke: color(name), fill: color(name) + "33" });
    draw("throughput", [times, bits(data.forward), bits(data.reverse), bits(data.other)],
      [{ label: "first", ...area("a") }, { label: "answers", ...area("b") }, { label: "other", ...area("c") }], "bit/s");
    draw("retransmissions", [times, data.retransmissions], [{ label: "segments", stroke: color("bad"), fill: color("bad"), width: 0, paths: uPlot.paths.bars({ size: [0.9, 24, 3] }) }], "");
    draw("rtt", [times, data.rtt], [{ label: "mean", stroke: color("b"), points: { show: true, size: 5, fill: color("b") } }], "ms");
    histogram("handshakes");
    histogram("roundtrips");
  }

  function table(id, heads, rows) {
    const t = document.createElement("table"), add = (row, cells, kind) => cells.forEach(c => { const e = document.createElement(kind); e.textContent = c ?? "–"; row.append(e); });
    add(t.createTHead().insertRow(), heads, "th");
    const body = t.createTBody();
    for (const r of rows) add(body.insertRow(), r, "td");
    document.getElementById(id).append(t);
  }

  all();
  table("throughput-numbers", ["From", "First, bytes", "Answers, bytes", "Other, bytes", "Packets", "Retransmissions", "Mean RTT, ms"],
    data.packets.map((p, i) => [seconds(i * data.width), data.forward[i], data.reverse[i], data.other[i], p, data.retransmissions[i], data.rtt[i]]).filter(r => r[4]));
  for (const id of ["handshakes", "roundtrips"]) table(id + "-numbers", ["Length", "Count"], data[id].map(s => [s.step, s.count]));
  for (const query of [dark, print]) query.addEventListener("change", all);
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; for (const [plot, at] of plots) plot.setSize({ width: Math.max(200, at.clientWidth), height: plot.height }); } });
})();
