/** What came of the keys typed so far. `echo` is what a terminal shows for them. */
export type Typed = {
  readonly state: 'editing' | 'entered' | 'cancelled' | 'suspended';
  readonly echo: string;
  /** Typed after the end of the line: it belongs to the next prompt. */
  readonly rest: string;
};

const CTRL_C = '\x03';
const CTRL_D = '\x04';
const BACKSPACE = '\x08';
const CTRL_U = '\x15';
const CTRL_W = '\x17';
const CTRL_Z = '\x1a';
const CTRL_BACKSLASH = '\x1c';
const ESCAPE = '\x1b';
const DELETE = '\x7f';

const ERASE_ONE = '\b \b';

/**
 * The line editing a terminal does itself until it is in raw mode: backspace, Ctrl-U, Ctrl-W, Ctrl-C, Ctrl-D, Ctrl-Z. Other
 * control characters and escape sequences (arrow keys, bracketed paste) do not become part of the line.
 */
export class LineEditor {
  private readonly chars: string[] = [];
  /** Where in an escape sequence the last chunk ended; a chunk can end anywhere. */
  private sequence: 'none' | 'escape' | 'single' | 'parameters' = 'none';

  get line(): string {
    return this.chars.join('');
  }

  /** Takes the text of one read, up to the key that ends the line. */
  type(text: string): Typed {
    let echo = '';
    let offset = 0;
    for (const char of text) {
      offset += char.length;
      const state = this.stateAfter(char);
      if (state !== 'editing') return { state, echo, rest: text.slice(offset) };
      echo += this.edit(char);
    }
    return { state: 'editing', echo, rest: '' };
  }

  private stateAfter(char: string): Typed['state'] {
    if (char === '\r' || char === '\n') return 'entered';
    if (char === CTRL_C || char === CTRL_BACKSLASH) return 'cancelled';
    if (char === CTRL_D && this.chars.length === 0) return 'cancelled';
    return char === CTRL_Z ? 'suspended' : 'editing';
  }

  private edit(char: string): string {
    if (this.isInSequence(char)) return '';
    if (char === BACKSPACE || char === DELETE) return this.erase(1);
    if (char === CTRL_U) return this.erase(this.chars.length);
    if (char === CTRL_W) return this.erase(this.wordLength());
    if (char < ' ') return '';
    this.chars.push(char);
    return char;
  }

  private isInSequence(char: string): boolean {
    if (char === ESCAPE) {
      this.sequence = 'escape';
      return true;
    }
    if (this.sequence === 'none') return false;
    if (this.sequence === 'escape' && (char === '[' || char === 'O')) {
      this.sequence = char === '[' ? 'parameters' : 'single';
    } else if (this.sequence !== 'parameters' || (char >= '@' && char <= '~')) {
      this.sequence = 'none';
    }
    return true;
  }

  private erase(count: number): string {
    return ERASE_ONE.repeat(this.chars.splice(this.chars.length - Math.min(count, this.chars.length)).length);
  }

  private wordLength(): number {
    let start = this.chars.length;
    while (start > 0 && this.chars[start - 1] === ' ') start -= 1;
    while (start > 0 && this.chars[start - 1] !== ' ') start -= 1;
    return this.chars.length - start;
  }
}
