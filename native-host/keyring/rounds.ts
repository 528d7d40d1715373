import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../directory.ts';
import { VaultError } from '../errors.ts';
import { AWS_VAULT_ROUNDS, newSalt, ROUNDS_READ, wrappingKey } from './jwe.ts';

/** What one guess at the passphrase is to cost on this machine. */
const TARGET_MS = 50;
const SAMPLES = 5;
/** Never weaker than aws-vault, never more than it reads. */
const BOUNDS = { min: AWS_VAULT_ROUNDS, max: ROUNDS_READ.max } as const;

export type RoundsOptions = {
  /** What was measured is kept there, in a file named `file-rounds`. */
  readonly stateDir: string;
  /** KEYTURN_FILE_ROUNDS: the number itself, for who wants another price. */
  readonly asked: string | undefined;
};

/**
 * The rounds of PBKDF2 that items are written with: those that take this machine about 50 ms, from 8192 to 1,300,000. Measured
 * once, so that all items of a vault cost the same. `isKept`: what was measured is remembered.
 * @throws VaultError CONFIG_INVALID for a KEYTURN_FILE_ROUNDS that is no such number
 */
export function strongRounds(
  { stateDir, asked }: RoundsOptions,
  { isKept = true, measure = fastestOf }: { readonly isKept?: boolean; readonly measure?: () => number } = {},
): number {
  if (asked !== undefined) return askedRounds(asked);
  const file = join(stateDir, 'file-rounds');
  const remembered = rememberedRounds(file);
  if (remembered !== undefined) return remembered;
  const rounds = within(Math.round((TARGET_MS / measure()) * AWS_VAULT_ROUNDS));
  if (isKept) remember(file, rounds);
  return rounds;
}

function within(rounds: number): number {
  return Math.min(BOUNDS.max, Math.max(BOUNDS.min, rounds));
}

function askedRounds(asked: string): number {
  const rounds = /^\d{1,9}$/.test(asked) ? Number(asked) : 0;
  if (rounds === within(rounds)) return rounds;
  const message = `KEYTURN_FILE_ROUNDS is ${JSON.stringify(asked.slice(0, 40))}, and must be a whole number from ${BOUNDS.min} to ${BOUNDS.max}`;
  throw new VaultError('CONFIG_INVALID', message);
}

/** What is not such a number was not written by us, and is measured anew. */
function rememberedRounds(file: string): number | undefined {
  try {
    const rounds = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(rounds) && rounds === within(rounds) ? rounds : undefined;
  } catch {
    return undefined; // no file, or one that cannot be read: the number is only a measurement
  }
}

function remember(file: string, rounds: number): void {
  const temporary = `${file}.${process.pid}.new`;
  try {
    makeDirectory(join(file, '..'));
    writeFileSync(temporary, `${rounds}\n`, { mode: 0o600 });
    renameSync(temporary, file);
  } catch {
    // Where nothing can be written, every process that writes an item measures.
    if (existsSync(temporary)) rmSync(temporary);
  }
}

/** Milliseconds that aws-vault's rounds take: the fastest of some, because all else that the machine does only adds to them. */
function fastestOf(): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const startedAt = performance.now();
    wrappingKey('measured', newSalt(), AWS_VAULT_ROUNDS);
    fastest = Math.min(fastest, performance.now() - startedAt);
  }
  return fastest;
}
