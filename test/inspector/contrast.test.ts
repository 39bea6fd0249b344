import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { contrast, mixed, type Rgb, rgbOf } from '../support/colours.js';

const tokens = readFileSync(new URL('../../src/inspector/page/style/tokens.css', import.meta.url), 'utf8');

/** WCAG 2.1 AA: text, and what one has to see to know that there is a control or where the focus is. */
const TEXT = 4.5;
const SIGN = 3;

const GROUNDS = ['ground', 'panel', 'sunken', 'hover', 'accent-soft'];
const TONES = ['good', 'busy', 'warn', 'bad', 'quiet'];

/** What stands on what: text first, then its ground. */
const TEXTS = [
  ...GROUNDS.flatMap((ground) => [
    ['text', ground],
    ['muted', ground],
    ['accent', ground],
  ]),
  ...TONES.flatMap((tone) => [
    [tone, `${tone}-soft`],
    [tone, 'panel'],
    // Rows of a list that are pointed at or chosen, arrows of the sequence.
    [tone, 'hover'],
    [tone, 'accent-soft'],
    // Duties in a state that is lit.
    ['muted', `${tone}-soft`],
    ['text', `${tone}-soft`],
  ]),
  ['panel', 'accent'],
  // A value that just changed.
  ['busy', 'warn-soft'],
  ['good', 'warn-soft'],
];

const SIGNS = [
  ...['ground', 'panel', 'sunken'].flatMap((ground) => [
    ['accent', ground],
    ['edge', ground],
  ]),
  ...[1, 2, 3, 4].map((number) => [`chart-${number}`, 'panel']),
  ...TONES.map((tone) => [tone, 'panel']),
];

function coloursOf(css: string): ReadonlyMap<string, Rgb> {
  return new Map(
    [...css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', hex = '']) => [name, rgbOf(hex)]),
  );
}

const [lightCss = '', darkCss = ''] = tokens.split('@media (prefers-color-scheme: dark)');

describe("colours of the inspector's page", () => {
  for (const [scheme, css] of [
    ['light', lightCss],
    ['dark', darkCss],
  ] as const) {
    const colours = coloursOf(css);
    const colour = (name: string): Rgb => {
      const found = colours.get(name);
      if (found === undefined) throw new Error(`expected a colour --${name} in the ${scheme} scheme`);
      return found;
    };
    const tooFaint = (pairs: readonly (readonly string[])[], least: number) =>
      pairs
        .map(([front = '', ground = '']) => ({
          pair: `${front} on ${ground}`,
          ratio: contrast(colour(front), colour(ground)),
        }))
        .filter(({ ratio }) => ratio < least)
        .map(({ pair, ratio }) => `${pair}: ${ratio.toFixed(2)}`);

    it(`let text be read: ${scheme}`, () => {
      expect(tooFaint(TEXTS, TEXT)).to.deep.equal([]);
    });

    it(`let controls, the focus and lines be seen: ${scheme}`, () => {
      expect(tooFaint(SIGNS, SIGN)).to.deep.equal([]);
      // As chart.css mixes them.
      const arrow = mixed(colour('muted'), 0.7, colour('panel'));
      const outline = mixed(colour('accent'), 0.6, colour('line'));
      expect(contrast(arrow, colour('panel')), 'arrows of a statechart').to.be.at.least(SIGN);
      expect(contrast(outline, colour('panel')), 'states around the active one').to.be.at.least(SIGN);
    });
  }

  it('are named the same in both schemes', () => {
    expect([...coloursOf(darkCss).keys()]).to.deep.equal([...coloursOf(lightCss).keys()]);
  });
});
