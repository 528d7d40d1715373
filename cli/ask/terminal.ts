import { closeSync, openSync, writeSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { type ErrorCode, VaultError } from '../../native-host/errors.ts';
import { LineEditor } from './line-editor.ts';

export type TerminalQuestion = {
  /** Shown as it is: end it with a blank. */
  readonly message: string;
  /** Nothing that is typed is shown. */
  readonly secret: boolean;
  readonly signal: AbortSignal;
  /** For the answer; without it the question waits for ever. */
  readonly timeoutMs?: number;
  /** The failure where there is no terminal: whose question it is, and how to answer it in another way. */
  readonly withoutTerminal?: { readonly code: ErrorCode; readonly remedy?: string };
};

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

// The lines after the first, where several were pasted at once. A terminal in its normal mode would keep them itself.
let typedAhead = '';

/**
 * One line from the terminal, trimmed. The terminal is opened anew (/dev/tty; CONIN$ on Windows), so stdin stays untouched for
 * the program that comes after, and a pipe can be read while a person is asked. Its mode is restored however this ends.
 * @throws VaultError CANCELLED on Ctrl-C, Ctrl-D, hang-up and abort; TIMEOUT; USAGE, or `withoutTerminal.code`, without a terminal
 */
export async function askTerminal(question: TerminalQuestion): Promise<string> {
  const { ReadStream } = await import('node:tty');
  // After the last await: an abort before a listener is there would never be heard of.
  if (question.signal.aborted) throw cancelled();
  const terminal = openTerminal(question, ReadStream);
  try {
    return (await readLine(terminal, question)).trim();
  } finally {
    terminal.close();
  }
}

/**
 * A new passphrase, typed twice. An empty one is answered at once, for the caller to judge.
 * @throws VaultError USAGE where the two differ, and as `askTerminal` does
 */
export async function askTwice(question: TerminalQuestion): Promise<string> {
  const answer = await askTerminal(question);
  if (answer === '' || (await askTerminal({ ...question, message: 'Enter it again: ' })) === answer) return answer;
  throw new VaultError('USAGE', 'the two passphrases differ; nothing was done');
}

/**
 * Asks a question that only `y` or `yes` (in any case) answers with yes.
 * @throws VaultError CANCELLED, TIMEOUT; USAGE when there is no terminal
 */
export async function confirm(question: Pick<TerminalQuestion, 'message' | 'signal' | 'timeoutMs'>): Promise<boolean> {
  const withoutTerminal = { code: 'USAGE', remedy: 'use --force to do it without being asked' } as const;
  const answer = await askTerminal({ ...question, secret: false, withoutTerminal });
  return ['y', 'yes'].includes(answer.toLowerCase());
}

type Terminal = {
  readonly input: ReadStream;
  readonly show: (text: string) => void;
  readonly close: () => void;
};

const [INPUT, OUTPUT] = process.platform === 'win32' ? ['\\\\.\\CONIN$', '\\\\.\\CONOUT$'] : ['/dev/tty', '/dev/tty'];

/** Whether there is a terminal to ask on. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync(INPUT, 'r+'));
    return true;
  } catch {
    // That it cannot be opened is the answer.
    return false;
  }
}

function openTerminal(question: TerminalQuestion, Stream: typeof ReadStream): Terminal {
  const inputFd = openDevice(INPUT, question);
  let outputFd: number | undefined;
  let input: ReadStream;
  try {
    // A descriptor of its own: Node sets O_NONBLOCK on the one it reads, and a write to that could fail with EAGAIN.
    outputFd = openDevice(OUTPUT, question);
    input = new Stream(inputFd);
  } catch (error) {
    for (const fd of [inputFd, outputFd]) if (fd !== undefined) closeSync(fd);
    throw error;
  }
  const output = outputFd;
  input.setEncoding('utf8');
  return {
    input,
    show: (text) => {
      try {
        writeSync(output, text);
      } catch {
        // A terminal that has hung up. Reading from it ends too, and that is what ends the question.
      }
    },
    close: () => {
      input.destroy();
      closeSync(output);
    },
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ENXIO: 'no such device or address',
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EIO: 'input/output error',
};

function openDevice(path: string, { withoutTerminal }: TerminalQuestion): number {
  try {
    return openSync(path, 'r+');
  } catch (cause) {
    const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const message = `open ${path}: ${REASONS[errno] ?? errno}`;
    if (withoutTerminal === undefined) throw new VaultError('USAGE', message, { cause });
    const remedy = withoutTerminal.remedy === undefined ? '' : `; ${withoutTerminal.remedy}`;
    throw new VaultError(withoutTerminal.code, message + remedy, { cause });
  }
}

function readLine({ input, show }: Terminal, question: TerminalQuestion): Promise<string> {
  const { message, secret, signal, timeoutMs } = question;
  const editor = new LineEditor();
  const restorers: (() => void)[] = [];
  const restore = (): void => {
    for (const undo of restorers.splice(0).reverse()) undo();
  };
  return new Promise<string>((resolve, reject) => {
    const stop = (): void => reject(cancelled());
    const take = (text: string): void => {
      const typed = editor.type(text);
      if (!secret && typed.echo !== '') show(typed.echo);
      if (typed.state === 'entered') {
        typedAhead = typed.rest;
        resolve(editor.line);
      } else if (typed.state === 'cancelled') {
        stop();
      } else if (typed.state === 'suspended') {
        suspend(input);
        take(typed.rest);
      }
    };
    input.on('data', take).on('end', stop).on('error', stop);
    signal.addEventListener('abort', stop);
    restorers.push(() => signal.removeEventListener('abort', stop));
    if (timeoutMs !== undefined) {
      const timer = setTimeout(() => reject(timedOut(timeoutMs)), timeoutMs);
      restorers.push(() => clearTimeout(timer));
    }
    for (const name of ENDING_SIGNALS) restorers.push(onEndingSignal(name, { stop, restore, signal }));
    restorers.push(
      onSignal('SIGCONT', () => {
        // The shell that stopped us has changed the mode behind Node's back.
        input.setRawMode(false);
        input.setRawMode(true);
        show(`\r${message}${secret ? '' : editor.line}`);
      }),
    );

    // Raw before the question is seen: an answer may come at once, and must not be shown.
    input.setRawMode(true);
    restorers.push(() => input.setRawMode(false));
    show(message);
    const pasted = typedAhead;
    typedAhead = '';
    if (pasted !== '') take(pasted);
  }).finally(() => {
    restore();
    show('\n');
  });
}

/** What Ctrl-Z does outside raw mode, to the whole job; goes on when the shell's `fg` wakes it. */
function suspend(input: ReadStream): void {
  if (process.platform === 'win32') return;
  input.setRawMode(false);
  process.kill(0, 'SIGTSTP');
  input.setRawMode(true);
}

type Ending = { readonly stop: () => void; readonly restore: () => void; readonly signal: AbortSignal };

/**
 * Ends the question on a signal from outside. Where nobody else listens for it the process then dies of it, as it would have
 * without a question.
 */
function onEndingSignal(name: NodeJS.Signals, { stop, restore, signal }: Ending): () => void {
  return onSignal(name, () => {
    // An aborted signal tells of a listener that has run already and is gone (process.once).
    const isHandled = signal.aborted || process.listenerCount(name) > 1;
    if (isHandled || name === 'SIGINT') {
      stop();
      return;
    }
    restore();
    process.kill(process.pid, name);
  });
}

function onSignal(name: NodeJS.Signals, listener: () => void): () => void {
  process.on(name, listener);
  return () => process.removeListener(name, listener);
}

function timedOut(timeoutMs: number): VaultError {
  const message = `nobody answered in the terminal within ${timeoutMs / 1000} s; nothing was changed`;
  return new VaultError('TIMEOUT', message);
}

function cancelled(): VaultError {
  return new VaultError('CANCELLED', 'cancelled at the prompt; nothing was changed');
}
