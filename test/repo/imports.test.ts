import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/** Who may import whom. A folder name stands for everything in it; types may come from anywhere below. */
const RULES: readonly { readonly from: RegExp; readonly may: readonly RegExp[] }[] = [
  {
    from: /^native-host\/(errors|protocol|duration|rfc3339|own-secrets)\.ts$/,
    may: [/^native-host\/(errors|protocol)\.ts$/],
  },
  {
    from: /^native-host\/keyring\//,
    may: [/^native-host\/(keyring\/|errors\.ts|command\.ts|own-secrets\.ts|directory\.ts)/],
  },
  {
    from: /^native-host\/aws\//,
    may: [/^native-host\/(aws\/|errors\.ts|duration\.ts|directory\.ts)/, /^@aws-sdk\//, /^@smithy\//],
  },
  {
    from: /^native-host\/engine\//,
    may: [
      /^native-host\/(engine\/|aws\/|keyring\/keyring\.ts|errors\.ts|command\.ts|own-secrets\.ts|directory\.ts|duration\.ts|rfc3339\.ts)/,
    ],
  },
  {
    from: /^native-host\/(operations\/.*|vault(-access|-keys|-mfa|-sso|-transfers)?|file-vault|unlocked-vaults|profile-summary|ask|settings|version)\.ts$/,
    may: [/^native-host\//, /^package\.json$/],
  },
  { from: /^native-host\//, may: [/^native-host\/(?!engine\/|keyring\/|operations\/)/, /^package\.json$/] },
  {
    from: /^cli\/ask\/pick(-\w+)?\.ts$/,
    may: [/^cli\//, /^native-host\/errors\.ts$/, /^@inquirer\/search$/, /^fuzzysort$/],
  },
  { from: /^cli\/text-width\.ts$/, may: [/^fast-string-width$/] },
  {
    from: /^cli\//,
    may: [/^cli\//, /^native-host\/(?!engine\/|keyring\/|operations\/|aws\/)/, /^installers\//, /^uqr$/],
  },
  {
    from: /^installers\//,
    may: [/^installers\//, /^native-host\/(errors|protocol|framing|version|message-client|message-check)\.ts$/],
  },
  {
    from: /^extension\//,
    may: [/^extension\//, /^native-host\/(protocol|errors)\.ts$/, /^preact/, /^webextension-polyfill$/],
  },
];

type Import = { readonly from: string; readonly to: string };

function sourceFiles(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => path.join(folder, file));
}

function importsOf(file: string): Import[] {
  const text = fs.readFileSync(file, 'utf8');
  const statements = text.matchAll(
    /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/g,
  );
  return [...statements].flatMap(([, , type, specifier, dynamic]) => {
    const to = specifier ?? dynamic ?? '';
    if (type !== undefined || to.startsWith('node:')) return [];
    return [{ from: file, to: to.startsWith('.') ? path.join(path.dirname(file), to) : to }];
  });
}

const files = ['native-host', 'cli', 'extension', 'installers'].flatMap(sourceFiles);

describe('layers', () => {
  it('are crossed only where the rules allow it', () => {
    const wrong = files.flatMap(importsOf).filter(({ from, to }) => {
      const rule = RULES.find((candidate) => candidate.from.test(from));
      return !rule?.may.some((allowed) => allowed.test(to));
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('leave the process’s own globals to the two main files', () => {
    const own = /\bprocess\.(env|argv|exit\(|stdin|stdout)\b/;
    const code = (file: string): string => fs.readFileSync(file, 'utf8').replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
    const users = files.filter((file) => own.test(code(file)) && !/^(cli|native-host)\/main\.ts$/.test(file));
    expect(users).toEqual([]);
  });
});
