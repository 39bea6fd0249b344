/** In recordings that were merged a process stands before each path: `pod-a:consumer/leaseKeeper`. */

function lengthOf(path: string): number {
  const slash = path.indexOf('/');
  return (slash === -1 ? path : path.slice(0, slash)).lastIndexOf(':') + 1;
}

/** Name of the process; '' where there is one only. */
export function processOf(path: string): string {
  return path.slice(0, Math.max(0, lengthOf(path) - 1));
}

/** The path as it is within its process. */
export function withinProcess(path: string): string {
  return path.slice(lengthOf(path));
}

/** The same path in the process of another one. */
export function besides(path: string, within: string): string {
  return path.slice(0, lengthOf(path)) + within;
}
