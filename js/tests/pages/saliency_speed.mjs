/**
 * How fast the widgets of attribution draw what is large: node js/tests/pages/saliency_speed.mjs
 * [widget-state …] says time to the first picture, ms of a hover, frames a second of scrolling: the
 * best of some runs, since a busy machine only makes it slower. With PROFILE=1 it says where the time
 * of the first picture goes.
 */
import { browse, openPage, pageOf } from "./look.mjs";

const { url } = await pageOf("saliency.js", "saliency");
const wanted = process.argv.slice(2);
const browser = await browse();
const RUNS = process.env.PROFILE ? 1 : 5;
for (const name of wanted.length > 0 ? wanted : ["matrix-huge", "compare-huge", "text-longest"]) {
  const runs = [];
  for (let i = 0; i < RUNS; i++) runs.push(await run(name));
  const best = (/** @type {"drawn" | "script" | "layout" | "gap"} */ what) =>
    Math.min(...runs.map((one) => one[what]));
  console.log(
    `${name}: first picture ${best("drawn").toFixed(0)} ms; hover ${best("script").toFixed(1)} ms, with layout ${best("layout").toFixed(1)} ms; ${(1000 / best("gap")).toFixed(0)} frames a second of scrolling`,
  );
}
await browser.close();

/** @param {string} name */
async function run(name) {
  const [widget, state] = name.split("-");
  const page = await openPage(browser, name, { width: 900, height: 900 });
  const session = await page.context().newCDPSession(page);
  if (process.env.PROFILE) {
    await session.send("Profiler.enable");
    await session.send("Profiler.start");
  }
  await page.goto(url({ widget, state, theme: "light" }));
  await page.waitForFunction(() => "drawn" in globalThis);
  const drawn = await page.evaluate(() => /** @type {any} */ (globalThis).drawn);
  if (process.env.PROFILE) told((await session.send("Profiler.stop")).profile);
  const [script, layout] = await page.evaluate(hovering);
  const gap = await page.evaluate(scrolling);
  await page.close();
  return { drawn, script, layout, gap };
}

/** What a pointer that moves over the picture costs: script, style, layout and painting. */
async function hovering() {
  const plot = document.querySelector(".lmw-matrix-plot");
  const units = [...document.querySelectorAll(".lmw-unit, .lmw-tok")].slice(0, 200);
  const times = [];
  const behind = () =>
    new Promise((resolve) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = resolve;
        port2.postMessage(null);
      });
    });
  for (let i = 0; i < 60; i++) {
    const target = plot ?? units[(i * 3) % units.length];
    const box = target.getBoundingClientRect();
    const place = plot
      ? { clientX: box.left + 150 + i * 7, clientY: box.top + 60 + ((i * 5) % 200) }
      : { clientX: box.left + 2, clientY: box.top + 2 };
    await behind();
    const start = performance.now();
    const kind = plot ? "pointermove" : "pointerover";
    target.dispatchEvent(new PointerEvent(kind, { ...place, bubbles: true }));
    const script = performance.now() - start;
    document.body.getBoundingClientRect();
    const all = performance.now() - start;
    times.push([script, all]);
  }
  return [0, 1].map((which) => times.map((one) => one[which]).sort((a, b) => a - b)[30]);
}

/** Ms from frame to frame while the picture is scrolled. */
async function scrolling() {
  const box = document.querySelector(".lmw-matrix-box, .lmw-gloss, .lmw-text");
  const across = box.classList.contains("lmw-matrix-box");
  const from = performance.now();
  let frames = 0;
  while (performance.now() - from < 1500) {
    if (across) box.scrollLeft += 60;
    else box.scrollTop += 60;
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  return (performance.now() - from) / frames;
}

/** The functions that took the most time of their own. @param {any} profile */
function told({ nodes, samples, timeDeltas }) {
  /** @type {Map<string, number>} */
  const own = new Map();
  const byId = new Map(nodes.map((/** @type {any} */ node) => [node.id, node]));
  samples.forEach((/** @type {number} */ id, /** @type {number} */ i) => {
    const { functionName, lineNumber } = byId.get(id).callFrame;
    const key = `${functionName || "(anonymous)"}:${lineNumber + 1}`;
    own.set(key, (own.get(key) ?? 0) + timeDeltas[i] / 1000);
  });
  const most = [...own].sort((a, b) => b[1] - a[1]).slice(0, 14);
  for (const [key, ms] of most) console.log(`  ${ms.toFixed(0).padStart(6)} ms ${key}`);
}
