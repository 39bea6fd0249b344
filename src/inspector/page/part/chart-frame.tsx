/** A drawing that is zoomed and moved: by buttons, keys, wheel, two fingers, or by dragging it. Moved, it is scrolled: all that scrolls moves it too. */
import type { ComponentChildren, TargetedPointerEvent } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import {
  fitting,
  type Scroll,
  type Size,
  scrolledTo,
  within,
  ZOOM_STEP,
  zoomOfWheel,
} from '../model/zoom.js';

interface ChartFrameProps extends Size {
  readonly label: string;
  /** What else can be done with it. */
  readonly tools?: ComponentChildren;
  /** @param zoom null: as large as there is room for */
  readonly children: (zoom: number | null) => ComponentChildren;
}

const KEYS: Readonly<Record<string, number>> = { '+': ZOOM_STEP, '=': ZOOM_STEP, '-': 1 / ZOOM_STEP };
const LEAST_HEIGHT = 320;

interface Point {
  readonly x: number;
  readonly y: number;
}

function between(touches: TouchList): { readonly middle: Point; readonly apart: number } | undefined {
  const [a, b] = [touches[0], touches[1]];
  if (a === undefined || b === undefined) return undefined;
  const middle = { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2 };
  return { middle, apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1 };
}

/** The frame, and what zooms what is in it. */
function useZoom(drawing: Size) {
  const frame = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState<number | null>(null);
  /** Where it is to be scrolled once it is drawn in its new size. */
  const next = useRef<Scroll | null>(null);
  const height = useRef(0);

  const scale = () => {
    const drawn = frame.current?.firstElementChild?.getBoundingClientRect().width;
    return zoom ?? (drawn === undefined ? 1 : drawn / drawing.width);
  };

  const zoomTo = (wanted: number, at?: Point) => {
    const element = frame.current;
    if (element === null) return;
    const before = scale();
    const box = element.getBoundingClientRect();
    const point =
      at === undefined
        ? { x: element.clientWidth / 2, y: element.clientHeight / 2 }
        : { x: at.x - box.left, y: at.y - box.top };
    if (zoom === null)
      height.current = Math.max(LEAST_HEIGHT, Math.min(box.height, window.innerHeight * 0.8));
    const then = within(wanted);
    next.current = scrolledTo({ left: element.scrollLeft, top: element.scrollTop }, point, then / before);
    setZoom(then);
  };

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null || next.current === null) return;
    element.scrollLeft = next.current.left;
    element.scrollTop = next.current.top;
    next.current = null;
  }, [zoom]);

  const zoomBy = (by: number, at?: Point) => zoomTo(scale() * by, at);
  const fit = () => {
    const element = frame.current;
    if (element === null) return;
    const room = { width: element.clientWidth, height: Math.max(LEAST_HEIGHT, window.innerHeight * 0.7) };
    zoomTo(fitting(drawing, room));
  };
  return { frame, zoom, height: height.current, scale, zoomTo, zoomBy, fit, reset: () => setZoom(null) };
}

/** What the browser would do itself, zoom the whole page, has to be kept from it: listeners of Preact cannot. */
function usePinch(zoomed: ReturnType<typeof useZoom>): void {
  const latest = useRef(zoomed);
  latest.current = zoomed;
  useEffect(() => {
    const element = zoomed.frame.current;
    if (element === null) return undefined;
    let apart: number | undefined;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      latest.current.zoomBy(zoomOfWheel(event.deltaY), { x: event.clientX, y: event.clientY });
    };
    const onTouch = (event: TouchEvent) => {
      const fingers = between(event.touches);
      if (fingers !== undefined) {
        event.preventDefault();
        if (apart !== undefined) latest.current.zoomBy(fingers.apart / apart, fingers.middle);
      }
      apart = fingers?.apart;
    };
    const onEnd = () => {
      apart = undefined;
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    element.addEventListener('touchstart', onTouch, { passive: false });
    element.addEventListener('touchmove', onTouch, { passive: false });
    element.addEventListener('touchend', onEnd);
    return () => {
      element.removeEventListener('wheel', onWheel);
      element.removeEventListener('touchstart', onTouch);
      element.removeEventListener('touchmove', onTouch);
      element.removeEventListener('touchend', onEnd);
    };
  }, []);
}

export function ChartFrame({ width, height, label, tools, children }: ChartFrameProps) {
  const zoomed = useZoom({ width, height });
  const { frame, zoom, zoomBy, zoomTo, fit, reset } = zoomed;
  usePinch(zoomed);
  const dragged = useRef<(Point & Scroll) | null>(null);
  const letGo = () => {
    dragged.current = null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = KEYS[event.key];
    if (by !== undefined) zoomBy(by);
    else if (event.key === '0') fit();
    // It scrolls by itself, and nothing else is to be done with that key.
    else if (event.key.startsWith('Arrow')) return event.stopPropagation();
    else return undefined;
    event.preventDefault();
    return event.stopPropagation();
  };
  // It scrolls, and what scrolls has to be reached by keys.
  const moving = {
    role: 'group',
    'aria-label': label,
    tabIndex: 0,
    onKeyDown,
    onPointerDown: ({
      button,
      pointerType,
      clientX: x,
      clientY: y,
      currentTarget,
      pointerId,
    }: TargetedPointerEvent<HTMLDivElement>) => {
      // Fingers scroll it anyway.
      if (button !== 0 || pointerType === 'touch') return;
      const { scrollLeft: left, scrollTop: top } = currentTarget;
      dragged.current = { x, y, left, top };
      currentTarget.setPointerCapture(pointerId);
    },
    onPointerMove: ({ clientX, clientY, currentTarget }: TargetedPointerEvent<HTMLDivElement>) => {
      const from = dragged.current;
      if (from === null) return;
      currentTarget.scrollLeft = from.left - (clientX - from.x);
      currentTarget.scrollTop = from.top - (clientY - from.y);
    },
    onPointerUp: letGo,
    onPointerCancel: letGo,
  } as const;
  return (
    <>
      <div class="chart-tools">
        <button
          type="button"
          class="button is-small"
          aria-label="Smaller"
          title="Smaller (-)"
          onClick={() => zoomBy(1 / ZOOM_STEP)}
        >
          −
        </button>
        <button
          type="button"
          class="button is-small"
          aria-label="Larger"
          title="Larger (+)"
          onClick={() => zoomBy(ZOOM_STEP)}
        >
          +
        </button>
        <button type="button" class="button is-small" title="All of it (0)" onClick={fit}>
          Fit
        </button>
        <button type="button" class="button is-small" title="In its own size" onClick={() => zoomTo(1)}>
          1:1
        </button>
        {zoom !== null && (
          <button type="button" class="button is-small" title="As it was" onClick={reset}>
            {Math.round(zoom * 100)} % ✕
          </button>
        )}
        <span class="push group">{tools}</span>
      </div>
      <div
        class="chart-scroll"
        ref={frame}
        {...moving}
        style={zoom === null ? undefined : { height: `${zoomed.height}px` }}
      >
        {children(zoom)}
      </div>
    </>
  );
}
