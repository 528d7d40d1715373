import { describe, expect, test } from 'vitest';
import { type ExportFormat, exportCredentials } from '../../../cli/output.ts';
import { listTable } from '../../../cli/table.ts';
import { rfc3339 } from '../../../native-host/rfc3339.ts';

const expiresAt = new Date('2026-11-21T03:07:33.999Z');
const session = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'wJalr/XUtn+FEMI',
  sessionToken: 'FwoGZX//yXdz=',
  expiresAt,
};
const exported = { profile: 'work', credentials: session, region: 'eu-west-1' };

const inPipe = { isForTerminal: false };

describe('the list', () => {
  test('has three columns of at least 25, every cell padded with blanks, the last one too', () => {
    expect(listTable([['foo', 'foo', '-']], inPipe)).toBe(
      [
        'Profile                  Credentials              Sessions                 \n',
        '=======                  ===========              ========                 \n',
        'foo                      foo                      -                        \n',
      ].join(''),
    );
  });

  test('widens a column for its longest cell and keeps two blanks after it', () => {
    const name = 'a-profile-name-of-more-than-25-characters';
    const rows = [
      [name, '-', '-'],
      ['é', '-', 'sts.AssumeRole:59m59s, sts.GetSessionToken:7h0m0s'],
    ];
    const lines = listTable(rows, inPipe).split('\n');
    expect(lines[2]?.startsWith(`${name}  -`)).toBe(true);
    expect(new Set(lines.slice(0, 4).map((line) => line.length))).toEqual(new Set([name.length + 2 + 25 + 51]));
  });

  test('counts letters as aws-vault does in a pipe, and columns for whoever looks at it', () => {
    const rows = [
      ['東京', '-', '-'],
      ['👩‍👩‍👧', '-', '-'],
      ['e\u0301', '-', '-'],
    ];
    const padding = (isForTerminal: boolean) =>
      listTable(rows, { isForTerminal })
        .split('\n')
        .slice(2, 5)
        .map((line) => / +(?=-)/.exec(line)?.[0].length);
    expect(padding(false)).toEqual([23, 20, 23]);
    expect(padding(true)).toEqual([21, 23, 24]);
    expect(listTable(rows, { isForTerminal: true })).not.toContain(' \n');
  });

  test('lets no control character through to the terminal', () => {
    expect(listTable([['evil\x1b[2J\r\n', '-', '-']], inPipe)).toContain('evil?[2J??  ');
  });
});

describe('export', () => {
  test.for<[ExportFormat, string]>([
    [
      'env',
      'AWS_ACCESS_KEY_ID=ASIAEXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalr/XUtn+FEMI\nAWS_SESSION_TOKEN=FwoGZX//yXdz=\n' +
        'AWS_CREDENTIAL_EXPIRATION=2026-11-21T03:07:33Z\nAWS_REGION=eu-west-1\nAWS_DEFAULT_REGION=eu-west-1\n',
    ],
    [
      'export-env',
      'export AWS_ACCESS_KEY_ID=ASIAEXAMPLE\nexport AWS_SECRET_ACCESS_KEY=wJalr/XUtn+FEMI\n' +
        'export AWS_SESSION_TOKEN=FwoGZX//yXdz=\nexport AWS_CREDENTIAL_EXPIRATION=2026-11-21T03:07:33Z\n' +
        'export AWS_REGION=eu-west-1\nexport AWS_DEFAULT_REGION=eu-west-1\n',
    ],
    [
      'json',
      '{\n  "Version": 1,\n  "AccessKeyId": "ASIAEXAMPLE",\n  "SecretAccessKey": "wJalr/XUtn+FEMI",\n' +
        '  "SessionToken": "FwoGZX//yXdz=",\n  "Expiration": "2026-11-21T03:07:33Z"\n}\n',
    ],
    [
      'ini',
      '[work]\naws_access_key_id=ASIAEXAMPLE\naws_secret_access_key=wJalr/XUtn+FEMI\naws_session_token=FwoGZX//yXdz=\n' +
        'aws_credential_expiration=2026-11-21T03:07:33Z\nregion=eu-west-1\n',
    ],
  ])('as %s', ([format, text]) => {
    expect(exportCredentials(format, exported)).toBe(text);
  });

  test('a stored key has neither token nor expiration nor, without one, a region', () => {
    const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
    const key = { profile: 'p', credentials, region: undefined };
    expect(exportCredentials('env', key)).toBe('AWS_ACCESS_KEY_ID=AKIAEXAMPLE\nAWS_SECRET_ACCESS_KEY=secret\n');
    expect(JSON.parse(exportCredentials('json', key))).toEqual({
      Version: 1,
      AccessKeyId: 'AKIAEXAMPLE',
      SecretAccessKey: 'secret',
    });
  });

  test.for(['a\nb', 'a b', '$(id)', '`id`', 'a;b', "a'b", 'a"b', 'a\\b', 'a#b'])(
    'refuses %j where nothing quotes it, without saying it',
    (value) => {
      for (const format of ['env', 'export-env', 'ini'] as const) {
        const wrongSecret = { ...exported, credentials: { ...session, secretAccessKey: value } };
        const refusal = expect.objectContaining({
          code: 'AWS_CREDENTIALS_INVALID',
          message: expect.not.stringContaining(value),
        });
        expect(() => exportCredentials(format, wrongSecret)).toThrow(refusal);
        expect(() => exportCredentials(format, { ...exported, region: value })).toThrow(
          expect.objectContaining({ code: 'CONFIG_INVALID' }),
        );
      }
      const json = exportCredentials('json', { ...exported, credentials: { ...session, secretAccessKey: value } });
      expect(JSON.parse(json)).toMatchObject({ SecretAccessKey: value });
    },
  );

  test('refuses a profile name that would end the ini section', () => {
    for (const profile of ['a]\n[b', 'a]', 'a\nb']) {
      expect(() => exportCredentials('ini', { ...exported, profile })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    }
  });
});

test('a moment is written in UTC, without its fraction', () => {
  expect(rfc3339(expiresAt)).toBe('2026-11-21T03:07:33Z');
});
