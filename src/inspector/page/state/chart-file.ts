/** A statechart as a picture that stands alone: its colours come along, those for the light and those for the dark. */

/** Rules that a statechart is drawn by, and the colours that they name. */
function isForCharts(rule: CSSRule): rule is CSSStyleRule {
  return rule instanceof CSSStyleRule && /\.statechart|^:root|^\.tone-\w+$/.test(rule.selectorText);
}

function styleOfCharts(): string {
  const rules: string[] = [];
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (isForCharts(rule)) rules.push(rule.cssText);
      else if (rule instanceof CSSMediaRule && rule.conditionText.includes('color-scheme')) {
        const inner = [...rule.cssRules].filter(isForCharts).map(({ cssText }) => cssText);
        if (inner.length > 0) rules.push(`@media ${rule.conditionText} { ${inner.join(' ')} }`);
      }
    }
  }
  return `${rules.join('\n')}\nsvg { background: var(--panel); }`;
}

/** @param chart as it is drawn in the page */
export function svgFile(chart: SVGSVGElement): string {
  const copy = chart.cloneNode(true) as SVGSVGElement;
  const { width, height } = chart.viewBox.baseVal;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  copy.removeAttribute('style');
  for (const flashing of copy.querySelectorAll('.is-flash')) flashing.classList.remove('is-flash');
  const style = document.createElementNS('http://www.w3.org/2000/svg', 'style');
  style.textContent = styleOfCharts();
  copy.prepend(style);
  return `${new XMLSerializer().serializeToString(copy)}\n`;
}
