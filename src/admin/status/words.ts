import type { ServiceStatus } from './service-status.js';

/** What should not be there is only told of where it is. */
export function readInWords({ pending, undelivered, stranded, vanished }: ServiceStatus['group']): string {
  const all = [
    `${pending} pending`,
    `${undelivered} not given to anybody yet`,
    ...(stranded ? [`${stranded} stranded`] : []),
    ...(vanished > 0 ? [`${vanished} without their payload`] : []),
  ];
  return all.join(', ');
}
