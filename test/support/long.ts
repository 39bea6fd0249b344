/** Whether tests whose numbers take minutes use all of them: `npm run test:long`. The others show the same with fewer. */
export const isLong = process.env.TEST_LONG === '1';
