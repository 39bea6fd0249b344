/** How large a drawing is shown, and what of it is in sight. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Scroll {
  readonly left: number;
  readonly top: number;
}

export const LEAST_ZOOM = 0.25;
export const MOST_ZOOM = 4;
/** One press of a button or a key. */
export const ZOOM_STEP = 1.25;

export function within(zoom: number): number {
  return Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, zoom));
}

/** All of it is in sight. */
export function fitting(drawing: Size, frame: Size): number {
  return within(Math.min(frame.width / drawing.width, frame.height / drawing.height, 1));
}

/** By how much a turn of the wheel, or two fingers on a pad, zooms. */
export function zoomOfWheel(deltaY: number): number {
  return 2 ** (-Math.max(-100, Math.min(100, deltaY)) / 100);
}

/** What stood below a point of the frame stands below it still. */
export function scrolledTo(
  { left, top }: Scroll,
  point: { readonly x: number; readonly y: number },
  by: number,
): Scroll {
  return { left: (left + point.x) * by - point.x, top: (top + point.y) * by - point.y };
}
