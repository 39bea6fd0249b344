/** Contrast as WCAG 2 defines it, of colours as style sheets write them. */

export type Rgb = readonly [red: number, green: number, blue: number];

export function rgbOf(hex: string): Rgb {
  const [, red, green, blue] = /^#(..)(..)(..)$/.exec(hex) ?? [];
  if (red === undefined || green === undefined || blue === undefined) {
    throw new Error(`expected a colour such as #1b2130, got: ${hex}`);
  }
  return [red, green, blue].map((part) => Number.parseInt(part, 16)) as unknown as Rgb;
}

/** https://www.w3.org/TR/WCAG21/#dfn-relative-luminance */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio; from 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (lighter + 0.05) / (darker + 0.05);
}

/** As `color-mix(in srgb, a share, b)`. */
export function mixed(a: Rgb, share: number, b: Rgb): Rgb {
  return a.map((part, index) => part * share + (b[index] as number) * (1 - share)) as unknown as Rgb;
}
