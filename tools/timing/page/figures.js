"use strict";
// Figures as people read them, and elements. All text of the run comes in as text nodes: nothing of it is ever parsed
// as HTML.

const isNumber = (x) => typeof x === "number" && isFinite(x);
const NONE = "\u2013";

const threeDigits = (x) => x.toFixed(x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2);

function showCount(x) {
  return isNumber(x) ? Math.round(x).toLocaleString("en-US") : NONE;
}

function showRate(x) {
  if (!isNumber(x)) return NONE;
  if (x === 0) return "0";
  return x >= 99.95 ? showCount(x) : threeDigits(x);
}

// The mark of an axis: 5, 1,500, 0.2.
const showMark = (x) => Number(x.toPrecision(6)).toLocaleString("en-US");

function showShare(x) {
  if (x > 0 && x < 0.0005) return "<0.1%";
  return isNumber(x) ? (100 * x).toFixed(x > 0 && x < 0.0995 ? 1 : 0) + "%" : NONE;
}

// Of microseconds: 50 ns, 61.2 µs, 1.20 ms, 2.31 s.
function showTime(us) {
  if (!isNumber(us)) return NONE;
  if (us < 0.9995) return (1000 * us).toFixed(0) + " ns";
  if (us < 999.5) return threeDigits(us) + " \u00b5s";
  if (us < 999500) return threeDigits(us / 1e3) + " ms";
  return threeDigits(us / 1e6) + " s";
}

// The mark at a power of ten times 1, 2 or 5: 200 µs, not 200.0 µs.
function showTick(us) {
  const units = [[1e6, " s"], [1e3, " ms"], [1, " \u00b5s"], [1e-3, " ns"]];
  const [unit, name] = units.find(([size]) => us >= size * 0.999) || units[3];
  return Number((us / unit).toPrecision(3)) + name;
}

// The share of a bar that is full.
const partOf = (share) => Math.min(1, Math.max(0, share || 0));

const plural = (count, word) => showCount(count) + " " + word + (count === 1 ? "" : "s");

function make(namespace, tag, attributes, children) {
  const element = document.createElementNS(namespace, tag);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const html = (tag, attributes, ...children) => make("http://www.w3.org/1999/xhtml", tag, attributes, children);
const svg = (tag, attributes, ...children) => make("http://www.w3.org/2000/svg", tag, attributes, children);

const note = (...words) => html("p", {class: "muted note"}, ...words);

const section = (id, title, ...children) => html("section", {id}, html("h2", {}, title), ...children);

// A drawing with a name for those who do not see it.
function drawing(width, height, name, ...children) {
  const frame = {width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name};
  return svg("svg", frame, svg("title", {}, name), ...children);
}

const text = (x, y, words, attributes) => svg("text", {x, y, ...attributes}, words);

const ruler = document.createElement("canvas").getContext("2d");

function widthOf(words, font) {
  ruler.font = font + " " + getComputedStyle(document.body).fontFamily;
  return ruler.measureText(words).width;
}

// Cut to `width` pixels with an ellipsis.
function fit(words, width, font = "12px") {
  if (widthOf(words, font) <= width) return words;
  let length = words.length;
  while (length > 1 && widthOf(words.slice(0, length) + "\u2026", font) > width) --length;
  return words.slice(0, length) + "\u2026";
}

// Marks of a linear axis from 0 to about `most`: at most `count` of them, at round numbers.
function roundMarks(most, count) {
  const rough = (most > 0 ? most : 1) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((x) => x * power).find((x) => x >= rough * 0.9999);
  const marks = [];
  for (let i = 0; marks.length === 0 || marks[marks.length - 1] < most * 0.9999; ++i) marks.push(i * step);
  return marks;
}

// A place on the page whose drawing depends on its width: drawn again when that changes.
const places = [];
function drawnIn(element, draw) {
  places.push({element, draw, width: 0});
  return element;
}

function drawPlaces() {
  for (const place of places) {
    const width = Math.floor(place.element.clientWidth);
    if (width === place.width || width === 0) continue;
    place.width = width;
    place.element.replaceChildren(place.draw(width));
  }
}
