/** Lines over the last 15 minutes. Charts on one page show the same moment under the pointer. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { clockTime, duration } from '../model/format.js';
import type { ChartData } from '../model/rates.js';

export interface Line {
  readonly name: string;
  /** 1 to 4: the chart colours of the style sheet. */
  readonly colour: 1 | 2 | 3 | 4;
  readonly isFilled?: boolean;
}

interface TimeChartProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly data: ChartData;
  readonly format: (value: number) => string;
  /** How far apart the marks of the y axis may be. @defaultValue what is round in tens */
  readonly marks?: readonly number[];
}

const HEIGHT = 118;
/** Beside the y axis, in pixels. */
const MARGIN = 52;
const MOST_SECONDS = 15 * 60;
const LEAST_SECONDS = 60;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Several marks within a minute. */
function isShort(times: readonly number[]): boolean {
  return (times[1] ?? 0) - (times[0] ?? 0) < 60;
}

function axis(format: ((value: number) => string) | null, marks?: readonly number[]): uPlot.Axis {
  return {
    stroke: colour('--muted'),
    font: '10px system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    gap: 4,
    ...(format === null
      ? {
          size: 20,
          space: 70,
          values: (plot: uPlot, times: number[]) =>
            times.map((at) => {
              const text = clockTime(at * 1_000).slice(0, isShort(times) ? 8 : 5);
              // It would be cut off at the edge.
              return plot.width - plot.valToPos(at, 'x') - MARGIN < text.length * 3 ? '' : text;
            }),
        }
      : { size: MARGIN, space: 28, values: (_: uPlot, values: number[]) => values.map(format) }),
    ...(marks === undefined ? {} : { incrs: [...marks] }),
  };
}

function optionsFor(
  { lines, format, marks }: TimeChartProps,
  width: number,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  return {
    width,
    height: HEIGHT,
    padding: [6, 4, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'overview' }, drag: { x: false, y: false }, points: { size: 5 } },
    scales: {
      x: {
        time: true,
        range: (_u, min, max) => [Math.min(Math.max(min, max - MOST_SECONDS), max - LEAST_SECONDS), max],
      },
      y: { range: (_u, min, max) => [Math.min(0, min ?? 0), Math.max(max ?? 0, 1) * 1.08] },
    },
    axes: [axis(null), axis(format, marks)],
    series: [
      {},
      ...lines.map(({ colour: number, isFilled = false }) => {
        const stroke = colour(`--chart-${number}`);
        return { stroke, width: 1.4, points: { show: false }, ...(isFilled ? { fill: `${stroke}1f` } : {}) };
      }),
    ],
    hooks: { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? null)] },
  };
}

/** What the lines show, for whoever does not see them. */
function inWords(
  lines: readonly Line[],
  [times, ...series]: ChartData,
  format: (value: number) => string,
): string {
  const span = duration(((times.at(-1) ?? 0) - (times[0] ?? 0)) * 1_000);
  const each = lines.map(({ name }, index) => {
    const values = (series[index] ?? []).filter((value) => value !== null);
    if (values.length === 0) return `${name}: nothing yet`;
    const [least, most] = [Math.min(...values), Math.max(...values)].map(format);
    return `${name}: from ${least} to ${most}`;
  });
  return `In the last ${span}: ${each.join('; ')}.`;
}

export function TimeChart(props: TimeChartProps) {
  const { title, lines, data, format } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);
  latest.current = data;
  const [point, setPoint] = useState<number | null>(null);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const make = () => {
      plot.current?.destroy();
      const width = Math.max(120, element.clientWidth);
      plot.current = new uPlot(
        optionsFor(props, width, setPoint),
        latest.current as uPlot.AlignedData,
        element,
      );
    };
    make();
    const observer = new ResizeObserver(() => {
      const width = Math.max(120, element.clientWidth);
      if (plot.current?.width !== width) plot.current?.setSize({ width, height: HEIGHT });
    });
    observer.observe(element);
    // Canvases do not follow the style sheet.
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', make);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);

  const newest = data[0].at(-1);
  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData);
  }, [newest, data[0].length]);

  const shown = point ?? data[0].length - 1;
  return (
    <section class="panel time-chart" aria-label={title}>
      <h2>
        {title}{' '}
        {point !== null && (
          <small class="muted">{clockTime((data[0][shown] ?? 0) * 1_000).slice(0, 8)}</small>
        )}
      </h2>
      <ul class="legend">
        {lines.map(({ name, colour: number }, index) => {
          const value = data[index + 1]?.[shown];
          return (
            <li key={name}>
              <i style={{ background: `var(--chart-${number})` }} />
              {name} <b>{typeof value === 'number' ? format(value) : '–'}</b>
            </li>
          );
        })}
      </ul>
      <p class="unseen">{inWords(lines, data, format)}</p>
      <div class="plot" ref={box} aria-hidden="true" />
    </section>
  );
}
