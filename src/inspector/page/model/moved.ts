/** Between two states in words: of regions that run side by side, only those that moved. */

function shortName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

export interface Moved {
  /** Names of the states that were left; '' : none. */
  readonly left: string;
  readonly entered: string;
}

/** @param before paths of the innermost states */
export function movedBetween(before: readonly string[], after: readonly string[]): Moved {
  const words = (paths: readonly string[]) => paths.map(shortName).join(' + ');
  return {
    left: words(before.filter((path) => !after.includes(path))),
    entered: words(after.filter((path) => !before.includes(path))),
  };
}
