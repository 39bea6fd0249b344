// Looks at what can be pressed, and answers with what is too small for a finger. Evaluated in the browser, as text, as page-audit.browser.js is.
(() => {
  /** CSS pixels: what WCAG 2.2 asks of a target that stands beside others. */
  const LEAST = 24;
  // Marks on the time line are gone through by buttons as well; a check box is pressed on its row.
  const SPARED = '.unseen, .mark, [type="checkbox"], [type="range"], [hidden]';

  function isSeen(element) {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && element.checkVisibility({ visibilityProperty: true });
  }

  const pressed = document.body.querySelectorAll('button, select, input, textarea, summary, a');
  return [...pressed].flatMap((element) => {
    // A link within a text is as high as its line.
    if (!isSeen(element) || element.matches(SPARED) || getComputedStyle(element).display === 'inline')
      return [];
    const { width, height } = element.getBoundingClientRect();
    if (width >= LEAST && height >= LEAST) return [];
    const name = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40);
    return [
      `too small for a finger: ${element.tagName.toLowerCase()} "${name}", ${Math.round(width)} by ${Math.round(height)}`,
    ];
  });
})();
