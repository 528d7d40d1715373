import { openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import search from '@inquirer/search';
import { VaultError } from '../../native-host/errors.ts';

type Choice = {
  readonly value: string;
  readonly name: string;
  readonly short: string;
  readonly disabled: string | false;
};

export type PickOptions<C extends Choice> = {
  /** What there is, each in one line of a terminal with so many columns. */
  readonly choices: (columns: number) => readonly C[];
  /** Those a typed word means, best first. */
  readonly matching: (term: string | undefined, choices: readonly C[]) => readonly C[];
  readonly signal: AbortSignal;
  /** What to say when none was chosen. */
  readonly nothing: string;
};

const PAGE_SIZE = 10;
// The question, a blank line and the keys that can be pressed stand around the choices.
const OTHER_ROWS = 4;
const DEFAULT_COLUMNS = 80;
// Esc alone: with more bytes after it, it begins the code of an arrow or function key. And Ctrl-D, at which the list would stay.
const CANCELLING = new Set(['\x1b', '\x04']);
const [INPUT, OUTPUT] = process.platform === 'win32' ? ['\\\\.\\CONIN$', '\\\\.\\CONOUT$'] : ['/dev/tty', '/dev/tty'];

/**
 * Lets the person at the terminal choose from a list, by typing parts of a name. stdin and stdout stay untouched:
 * `eval "$(keyturn export)"` asks too.
 * @throws VaultError CANCELLED on Esc and Ctrl-C
 */
export async function pick<C extends Choice>(message: string, options: PickOptions<C>): Promise<string> {
  const stopped = new AbortController();
  const input = new ReadStream(openSync(INPUT, 'r'));
  const output = new WriteStream(openSync(OUTPUT, 'w'));
  // A terminal that does not know its size says 0.
  const choices = options.choices(output.columns || DEFAULT_COLUMNS);
  const pageSize = Math.max(1, Math.min(PAGE_SIZE, (output.rows || PAGE_SIZE + OTHER_ROWS) - OTHER_ROWS));
  input.on('data', (bytes) => {
    if (CANCELLING.has(String(bytes))) stopped.abort();
  });
  // A terminal that has hung up must not keep the question, and so the process, for ever.
  for (const event of ['end', 'error'] as const) input.on(event, () => stopped.abort());
  try {
    return await search(
      { message, pageSize, source: (term) => options.matching(term, choices) },
      { input, output, signal: AbortSignal.any([stopped.signal, options.signal]), clearPromptOnDone: true },
    );
  } catch (error) {
    throw isCancelled(error) ? new VaultError('CANCELLED', `cancelled; ${options.nothing}`) : error;
  } finally {
    input.setRawMode(false);
    input.destroy();
    output.destroy();
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof Error && ['AbortPromptError', 'ExitPromptError', 'CancelPromptError'].includes(error.name);
}
