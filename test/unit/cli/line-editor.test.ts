import { expect, test } from 'vitest';
import { LineEditor } from '../../../cli/ask/line-editor.ts';

test('the line is the same wherever a read ends', () => {
  const keys = 'ab\x7fc \x1b[1;5Dd\x1bOA\u{1f511}e f\x17g\x15x\x1b[200~y\x1b[201~z\r';
  const chars = [...keys];
  for (let cut = 0; cut <= chars.length; cut += 1) {
    const editor = new LineEditor();
    const states = [chars.slice(0, cut), chars.slice(cut)].map((part) => editor.type(part.join('')).state);
    expect(editor.line, `cut at ${cut}`).toBe('xyz');
    expect(states).toContain('entered');
  }
});

test('what is shown always spells the line', () => {
  const editor = new LineEditor();
  const { echo } = editor.type('12x\x7f3 45\x176\x7f');
  const shown: string[] = [];
  for (const char of echo.replaceAll('\b \b', '\x7f')) {
    if (char === '\x7f') shown.pop();
    else shown.push(char);
  }
  expect(shown.join('')).toBe(editor.line);
  expect(editor.line).toBe('123 ');
});

test('what comes after Enter is handed back', () => {
  const editor = new LineEditor();
  expect(editor.type('one\rtwo\r')).toEqual({ state: 'entered', echo: 'one', rest: 'two\r' });
  expect(editor.line).toBe('one');
});

test('Ctrl-D cancels an empty line only, Ctrl-C every line', () => {
  expect(new LineEditor().type('\x04').state).toBe('cancelled');
  expect(new LineEditor().type('a\x04').state).toBe('editing');
  expect(new LineEditor().type('a\x03').state).toBe('cancelled');
});
