import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { VaultError } from '../errors.ts';
import { changeConfigFile } from './config-file.ts';
import type { ScannedSection } from './config-scan.ts';
import type { Credentials } from './credentials.ts';
import { type KeyFileKind, keySections } from './credentials-file.ts';

export type PlainTextRemoval = {
  readonly kind: KeyFileKind;
  /** Profile -> the key that is safe elsewhere. A section that holds another one keeps it. */
  readonly keys: ReadonlyMap<string, Credentials>;
  readonly now: Date;
};

const KEY_LINE = /^[^\S\n]*aws_(?:access_key_id|secret_access_key)\s*=/i;

/**
 * Takes the lines of these keys out of a file and changes no other byte, its order or its permissions. What was there before
 * stays in a copy beside it that only its owner can read. Answers whose keys they were, and the copy's name; undefined where no such
 * line was found.
 * @throws VaultError CONFIG_INVALID when the file cannot be read or written, or where other lines hang on those of a key
 */
export function removePlainTextKeys(
  file: string,
  removal: PlainTextRemoval,
): { readonly removed: readonly string[]; readonly backup: string } | undefined {
  let done: { readonly removed: readonly string[]; readonly backup: string } | undefined;
  changeConfigFile(file, (before) => {
    const { after, removed } = withoutKeys(before, file, removal);
    if (removed.length === 0) return before;
    requireOtherSettings(before, after, { file, kind: removal.kind });
    done = { removed, backup: writeBackup(file, before, removal.now) };
    return after;
  });
  return done;
}

function withoutKeys(before: Buffer, file: string, { kind, keys }: PlainTextRemoval) {
  const sections = keySections(before.toString('utf8'), file, kind);
  const own = sections.filter((section) => holds(section, keys.get(section.name)));
  // Bytes as characters: a comment in another encoding than UTF-8 has to come out as it went in.
  const lines = before.toString('latin1').split('\n');
  const starts = lines.flatMap((line, index) => (/^\s*\[/.test(line) ? [index + 1] : []));
  const gone = new Set<number>();
  for (const { line } of own) {
    const end = starts.find((start) => start > line) ?? lines.length + 1;
    for (let number = line + 1; number < end; number += 1) {
      if (KEY_LINE.test(lines[number - 1] ?? '')) gone.add(number);
    }
  }
  const rest = lines.filter((_, index) => !gone.has(index + 1));
  return { after: Buffer.from(rest.join('\n'), 'latin1'), removed: [...new Set(own.map(({ name }) => name))] };
}

function holds({ values }: ScannedSection, key: Credentials | undefined): boolean {
  return (
    key !== undefined &&
    values.get('aws_access_key_id') === key.accessKeyId &&
    values.get('aws_secret_access_key') === key.secretAccessKey
  );
}

/** Every other setting must be read as it was: the line of a key may be one that another goes on from. */
function requireOtherSettings(before: Buffer, after: Buffer, at: { readonly file: string; kind: KeyFileKind }): void {
  const read = (content: Buffer): string =>
    JSON.stringify(
      keySections(content.toString('utf8'), at.file, at.kind).map(({ name, values }) => [
        name,
        [...values].filter(([key]) => !/^aws_(access_key_id|secret_access_key)$/.test(key)),
      ]),
    );
  if (read(before) === read(after)) return;
  const message = `${at.file}: the keys cannot be taken out without changing other settings; remove their lines yourself`;
  throw new VaultError('CONFIG_INVALID', message, { details: { file: at.file } });
}

function writeBackup(file: string, content: Buffer, now: Date): string {
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  for (let copy = 1; ; copy += 1) {
    const backup = `${file}.keyturn-backup-${stamp}${copy === 1 ? '' : `-${copy}`}`;
    try {
      const descriptor = openSync(backup, 'wx', 0o600);
      try {
        writeFileSync(descriptor, content);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      return backup;
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    }
  }
}
