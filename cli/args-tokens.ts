import { readFileSync } from 'node:fs';
import { VaultError } from '../native-host/errors.ts';

/**
 * `attached`: the VALUE of --flag=VALUE or -fVALUE, which is never a flag, an @file or a positional. `literal`: it comes after `--`.
 */
export type Token =
  | { readonly type: 'long' | 'short'; readonly text: string }
  | { readonly type: 'arg'; readonly text: string; readonly attached?: true; readonly literal?: true }
  | { readonly type: 'end' };

/** What the parser found wrong with the command line; the hint belongs to the message, as in aws-vault. */
export function usageError(text: string, flag?: string): VaultError {
  return new VaultError('USAGE', `${text}${HINT}`, flag === undefined ? {} : { details: { flag } });
}

const HINT = ', try --help';

/** Whether an error is about the command line as such. aws-vault prints those without the command's name before them. */
export function isAboutCommandLine({ code, message }: VaultError): boolean {
  return code === 'USAGE' && message.endsWith(HINT);
}

// An arguments file may name others; one that names itself would never end.
const MAX_EXPANSIONS = 100;

/**
 * Command line -> tokens, one at a time, because how `-nd1h` splits depends on the flags known by then.
 * `--` ends flags and @file expansion; an `@file` outside is replaced by the file's lines.
 */
export class TokenReader {
  private readonly rest: string[];
  private readonly pending: Token[] = [];
  private readonly isBoolean: (short: string) => boolean;
  private argsOnly = false;
  private expansions = 0;

  constructor(argv: readonly string[], isBoolean: (short: string) => boolean) {
    this.rest = [...argv];
    this.isBoolean = isBoolean;
  }

  peek(): Token {
    const token = this.pending[0] ?? this.read();
    if (this.pending.length === 0) this.pending.push(token);
    return token;
  }

  next(): Token {
    const token = this.peek();
    this.pending.shift();
    return token;
  }

  private read(): Token {
    for (;;) {
      const arg = this.rest.shift();
      if (arg === undefined) return { type: 'end' };
      if (this.argsOnly) return { type: 'arg', text: arg, literal: true };
      if (arg === '-') return { type: 'arg', text: arg };
      if (arg === '--') {
        this.argsOnly = true;
      } else if (arg.startsWith('@')) {
        this.expand(arg.slice(1));
      } else {
        return this.flagOrArg(arg);
      }
    }
  }

  private flagOrArg(arg: string): Token {
    if (!arg.startsWith('-')) return { type: 'arg', text: arg };
    return arg.startsWith('--') ? this.longFlag(arg.slice(2)) : this.shortFlag(arg.slice(1));
  }

  private longFlag(body: string): Token {
    const equals = body.indexOf('=');
    if (equals < 0) return { type: 'long', text: body };
    return this.withValue({ type: 'long', text: body.slice(0, equals) }, body.slice(equals + 1));
  }

  private shortFlag(body: string): Token {
    const short = String.fromCodePoint(body.codePointAt(0) ?? 0);
    const remainder = body.slice(short.length);
    const token: Token = { type: 'short', text: short };
    if (remainder === '') return token;
    if (!this.isBoolean(short)) return this.withValue(token, remainder);
    // `-n-` is a flag named `-`, not the end of flags.
    if (remainder.startsWith('-')) throw usageError(`unknown short flag '-${remainder.slice(0, 1)}'`);
    this.rest.unshift(`-${remainder}`);
    return token;
  }

  /** The flag now, its value as the token after it. */
  private withValue(flag: Token, value: string): Token {
    this.pending.push(flag, { type: 'arg', text: value, attached: true });
    return flag;
  }

  private expand(file: string): void {
    this.expansions += 1;
    if (file === '') throw usageError('expected @ file to expand arguments from');
    if (this.expansions > MAX_EXPANSIONS) throw usageError(`arguments file "${file}" seems to include itself`);
    this.rest.unshift(...linesOf(file));
  }
}

/** One argument per line; a line that starts with # is a comment. */
function linesOf(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw usageError(`failed to open arguments file "${file}": ${readFailure(error, file)}`);
  }
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  return lines.filter((line) => !line.startsWith('#'));
}

const FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};

function readFailure(error: unknown, file: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return `open ${file}: ${FAILURES[code] ?? code}`;
}
