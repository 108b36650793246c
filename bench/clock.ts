/** Ms on the machine's monotonic clock: the same in all processes, so that their times can be compared. */
export const monotonic = (): number => offset + performance.now();

const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();
