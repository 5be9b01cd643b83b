// What the tests ask of a page, as window.measure.
"use strict";

window.measure = (() => {
  const focusable = "a[href], button, summary, [tabindex='0']";

  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("dialog:not([open])");

  /** Number of elements that Tab should reach. */
  function reachable() {
    return Array.from(document.querySelectorAll(focusable)).filter(seen).length;
  }

  /** Position of the focused element among them, -1 for the page itself. */
  function focused() {
    return Array.from(document.querySelectorAll(focusable)).filter(seen).indexOf(document.activeElement);
  }

  const channels = (color) => color.match(/[\d.]+/g).map(Number);

  function luminance(color) {
    const [r, g, b] = channels(color).slice(0, 3).map((c) => {
      const share = c / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function paper(element) {
    for (let node = element; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      const alpha = channels(color)[3];
      if (alpha === undefined || alpha === 1) return color;
    }
    return "rgb(255, 255, 255)";
  }

  /** The contrast (WCAG 2) of the worst legible text, and that text. */
  function worstContrast() {
    let worst = [21, ""];
    for (const element of document.body.querySelectorAll("*")) {
      const own = Array.from(element.childNodes).filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.textContent.trim());
      if (!own.join("") || !seen(element) || element.closest("script, svg, .skip")) continue;
      const pair = [luminance(getComputedStyle(element).color), luminance(paper(element))].sort((a, b) => b - a);
      const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
      if (ratio < worst[0]) worst = [ratio, own.join(" ")];
    }
    return worst;
  }

  /** The exact values of a column, top to bottom. */
  function column(table, position) {
    return Array.from(document.getElementById(table).tBodies[0].rows, (row) => Number(row.cells[position].dataset.value));
  }

  return { reachable, focused, worstContrast, column };
})();
