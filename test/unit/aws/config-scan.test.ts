import { expect, test } from 'vitest';
import { scanConfig } from '../../../native-host/aws/config-scan.ts';
import { VaultError } from '../../../native-host/errors.ts';

const PLAIN = '[profile plain]\nregion = eu-west-1\n# a comment\nrole_arn=arn:aws:iam::1:role/x ; not mine\n\n';

/** Sections that need each of the other rules, so that they are read at once. */
const ODD = {
  'a comment behind the header': '[profile odd] # mine\nregion = x\n',
  'an indented header': '  [profile odd]\nregion = x\n',
  'nested keys': '[profile odd]\ns3 =\n  max_queue_size = 10\nregion = x\n',
  'a value that goes on': '[profile odd]\nrole_session_name = a\n  b\n',
  'a backslash': '[profile odd]\ncredential_process = a \\\nb\n',
  'Windows line ends': '[profile odd]\r\nregion = x\r\n',
  'an empty header': '[profile odd]\n',
};

const asData = (text: string, firstLine = 1) =>
  scanConfig(text, 'f').map(({ type, name, line, values, keyLines }) => ({
    ...{ type, name, line: line - firstLine + 1, values: [...values] },
    keyLines: [...keyLines].map(([key, number]) => [key, number - firstLine + 1]),
  }));

test.each(Object.entries(ODD))('a section with %s is the same alone and among plain ones', (_, odd) => {
  const plain = asData(PLAIN);
  expect(plain).toEqual([
    {
      type: 'profile',
      name: 'plain',
      line: 1,
      values: [
        ['region', 'eu-west-1'],
        ['role_arn', 'arn:aws:iam::1:role/x'],
      ],
      keyLines: [
        ['region', 2],
        ['role_arn', 4],
      ],
    },
  ]);
  const alone = asData(odd);
  expect(alone.map(({ name }) => name)).toEqual(['odd']);
  const lines = (text: string): number => text.split('\n').length - 1;
  expect(asData(PLAIN + odd + PLAIN)).toHaveLength(3);
  expect(asData(PLAIN + odd, 1 + lines(PLAIN))[1]).toEqual(alone[0]);
  expect(asData(odd + PLAIN, 1 + lines(odd))[1]).toEqual(plain[0]);
});

test.each([
  ['region\n', 'region'],
  ['= x\n', ''],
  ['[profile broken\n', 'section header'],
])('a wrong line %j is refused with its number, wherever it stands', (wrong, quoted) => {
  expect(() => scanConfig(PLAIN.repeat(3) + wrong + PLAIN, 'f')).toThrow(VaultError);
  expect(() => scanConfig(PLAIN.repeat(3) + wrong + PLAIN, 'f')).toThrow(new RegExp(`^f:16: .*${quoted}`));
});

test('one very long section is read like any other', () => {
  const lines = Array.from({ length: 100_000 }, (_, index) => `key_${index} = ${'v'.repeat(50)}\n`);
  const [section] = scanConfig(`[profile long]\n${lines.join('')}`, 'f');
  expect(section?.values.size).toBe(lines.length);
  expect(section?.keyLines.get('key_99999')).toBe(100_001);
});
