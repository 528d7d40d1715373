import type { Cli } from './cli.ts';
import { stderrIsTerminal } from './is-terminal.ts';
import { print } from './print.ts';

export type ProgressBar = {
  readonly show: (progress: { readonly done: number; readonly total: number }) => void;
  /** Takes the bar off the screen. */
  readonly clear: () => void;
};

const WIDTH = 30;
/** More often nobody sees it, and a terminal far away would be kept busy. */
const INTERVAL_MS = 100;
/** Clears the line the cursor is in. */
const CLEAR = '\r\x1b[K';

/** How far something is, in one line of stderr; nothing where stderr is no terminal, or one that cannot go back in its line. */
export function progressBar(what: string, { env, isDebug }: Pick<Cli, 'env' | 'isDebug'>): ProgressBar {
  if (isDebug || env.TERM === 'dumb' || !stderrIsTerminal()) return { show: () => undefined, clear: () => undefined };
  let shownAt = 0;
  return {
    show({ done, total }) {
      const now = Date.now();
      if (now - shownAt < INTERVAL_MS) return;
      shownAt = now;
      print(2, `${CLEAR}${barText(what, done, total)}`);
    },
    clear() {
      if (shownAt > 0) print(2, CLEAR);
      shownAt = 0;
    },
  };
}

export function barText(what: string, done: number, total: number): string {
  const full = total === 0 ? WIDTH : Math.floor((WIDTH * done) / total);
  return `[${'='.repeat(full)}${' '.repeat(WIDTH - full)}] ${done} of ${total} ${what}`;
}
