import { describe, expect, it } from 'vitest';
import { readBlock, replaceBlock } from '../../../native-host/aws/config-block.ts';

const place = { file: 'config', kind: 'kind', name: 'corp' };
const replaced = (text: string, lines: readonly string[]): string =>
  replaceBlock(Buffer.from(text, 'latin1'), place, lines).toString('latin1');
const CONTENT = ['[profile a]', 'region = x'];
const BLOCK = '# BEGIN kind corp\n[profile a]\nregion = x\n# END kind corp\n';

describe('a block', () => {
  it.each([
    ['', BLOCK],
    ['[default]\n', `[default]\n\n${BLOCK}`],
    ['[default]\n\n', `[default]\n\n${BLOCK}`],
    ['[default]\nregion = y', `[default]\nregion = y\n\n${BLOCK}`],
    ['[default]\r\nregion = y\r\n', `[default]\r\nregion = y\r\n\r\n${BLOCK.replaceAll('\n', '\r\n')}`],
    ['# caf\xe9 \xff\n', `# caf\xe9 \xff\n\n${BLOCK}`],
  ])('comes to the end of %j', (before, after) => {
    expect(replaced(before, CONTENT)).toBe(after);
    expect(replaced(after, CONTENT)).toBe(after);
  });

  it('is replaced where it is, and removed, with every other byte as it was', () => {
    const [head, tail] = ['; \xe9\n[profile b]\nx=1\n', '\n[profile c]\r\ny = 2  # \xff'];
    expect(replaced(`${head}${BLOCK}${tail}`, [])).toBe(head + tail);
    const other = replaced(`${head}${BLOCK.replaceAll('\n', '\r\n')}${tail}`, ['[profile ä]', 'region = z']);
    const utf8 = Buffer.from('ä').toString('latin1');
    expect(other).toBe(`${head}# BEGIN kind corp\r\n[profile ${utf8}]\r\nregion = z\r\n# END kind corp\r\n${tail}`);
    expect(replaced('[default]\n', [])).toBe('[default]\n');
  });

  it('of another name is not this one', () => {
    const others = BLOCK.replaceAll('corp', 'corp2');
    expect(replaced(others, ['[profile b]'])).toBe(`${others}\n# BEGIN kind corp\n[profile b]\n# END kind corp\n`);
    const { lines, otherProfiles } = readBlock(Buffer.from(others), place);
    expect({ lines, otherProfiles: [...otherProfiles] }).toEqual({ lines: undefined, otherProfiles: [['a', 2]] });
  });

  it('is told from what is beside it', () => {
    const text = `[profile b]\n${BLOCK}[profile b]\n[profile c]\n`;
    const { lines, otherProfiles } = readBlock(Buffer.from(text), place);
    expect(lines).toEqual(CONTENT);
    expect([...otherProfiles].sort()).toEqual([
      ['b', 1],
      ['c', 7],
    ]);
  });

  it.each([
    [`${BLOCK}${BLOCK}`, 5],
    ['# BEGIN kind corp\n[profile a]\n', 1],
    ['[default]\n# END kind corp\n# BEGIN kind corp\n', 3],
    [`${BLOCK}# END kind corp\n`, 5],
    [`${BLOCK}output = json\n`, 5],
  ])('%j is not touched, and the line is named', (text, line) => {
    expect(() => replaced(text, CONTENT)).toThrow(`config:${line}: `);
    expect(() => readBlock(Buffer.from(text), place)).toThrow(`config:${line}: `);
  });
});
