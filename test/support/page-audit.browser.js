// Looks at a page as it is drawn, and answers with what somebody could not read there. Evaluated in the browser, as text: the loader of
// the tests would put helpers of its own into it.
(() => {
  const TEXT = 4.5;
  const LARGE_TEXT = 3;
  /** Drawings that grow with what they draw; and on a telephone tables, which have more columns than that has room for. */
  const MAY_SCROLL =
    innerWidth < 500 ? '.chart-scroll, .sequence, :has(> table)' : '.chart-scroll, .sequence';

  /** [red, green, blue, alpha], all from 0 to 1. */
  function parsed(colour) {
    const numbers = (colour.match(/[\d.]+(e-?\d+)?/g) ?? []).map(Number);
    const [red, green, blue, alpha = 1] = numbers;
    if (colour.startsWith('color(srgb')) return [red, green, blue, alpha];
    return [red / 255, green / 255, blue / 255, alpha];
  }

  function over([red, green, blue, alpha], ground) {
    return [red, green, blue].map((part, index) => part * alpha + ground[index] * (1 - alpha));
  }

  function luminance(colour) {
    const [red, green, blue] = colour.map((share) =>
      share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast(a, b) {
    const [darker, lighter] = [luminance(a), luminance(b)].sort((one, other) => one - other);
    return (lighter + 0.05) / (darker + 0.05);
  }

  /** What an element stands on: the grounds of all around it, the outermost first. */
  function groundOf(element) {
    const around = [];
    for (let one = element; one !== null; one = one.parentElement) around.unshift(one);
    return around.reduce(
      (ground, one) => over(parsed(getComputedStyle(one).backgroundColor), ground),
      [1, 1, 1],
    );
  }

  function isSeen(element) {
    const { width, height } = element.getBoundingClientRect();
    return (
      width > 0 &&
      height > 0 &&
      element.checkVisibility({ visibilityProperty: true }) &&
      !element.closest('.unseen')
    );
  }

  function ownText(element) {
    const own = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
    return own
      .map(({ data }) => data)
      .join(' ')
      .trim();
  }

  function isLarge({ fontSize, fontWeight }) {
    const size = Number.parseFloat(fontSize);
    return size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
  }

  function nameOf(element) {
    const classes = [...element.classList].map((name) => `.${name}`).join('');
    return `${element.tagName.toLowerCase()}${classes} "${ownText(element).slice(0, 40)}"`;
  }

  function scrollsSideways(element) {
    for (let one = element.parentElement; one !== null; one = one.parentElement) {
      if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(one).overflowX))
        return one.tagName !== 'BODY';
    }
    return false;
  }

  const faults = [];
  // Text in drawings stands on what is drawn below it: its colours are looked at in the style sheet.
  const elements = [...document.body.querySelectorAll('*')].filter(
    (one) => !one.closest('svg') && isSeen(one),
  );
  for (const element of elements) {
    const style = getComputedStyle(element);
    if (ownText(element) !== '' && !element.closest(':disabled')) {
      const ground = groundOf(element);
      const ratio = contrast(over(parsed(style.color), ground), ground);
      if (ratio < (isLarge(style) ? LARGE_TEXT : TEXT))
        faults.push(`faint (${ratio.toFixed(2)}): ${nameOf(element)}`);
    }
    if (element.getBoundingClientRect().right > innerWidth + 1 && !scrollsSideways(element)) {
      faults.push(`beyond the window: ${nameOf(element)}`);
    }
    const isWider = element.scrollWidth > element.clientWidth + 1;
    if (isWider && ['auto', 'scroll'].includes(style.overflowX) && !element.matches(MAY_SCROLL)) {
      faults.push(`scrolls sideways: ${nameOf(element)}`);
    }
    const isCut = style.overflowX === 'hidden' && isWider;
    if (isCut && element.textContent.trim() !== '' && element.closest('[title]') === null) {
      faults.push(`cut off, and nothing says how it goes on: ${nameOf(element)}`);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('the page scrolls sideways');
  return faults;
})();
