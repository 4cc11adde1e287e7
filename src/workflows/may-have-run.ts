/**
 * History events of a first run when its first task starts: started, scheduled, started. A worker that died leaves a
 * timed-out task behind them.
 */
const FIRST_RUN_EVENTS = 3;

/**
 * Whether a dispatch that begins now may have begun before, so that something may have been sent already.
 *
 * A dispatch that takes longer than 8 s has its task completed and goes on in a new one. If its worker dies then, the
 * history is replayed from its beginning, where it has three events again. So a replay counts as well. What the local
 * activity is given is not part of the history, and one that has ended is not given anything.
 */
export const mayHaveRun = ({ historyLength, isReplaying }: { historyLength: number; isReplaying: boolean }): boolean =>
  historyLength > FIRST_RUN_EVENTS || isReplaying;
