import { type Dirent, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../directory.ts';

/** An entry of the password store: its name below the prefix, and what changes whenever somebody writes it. */
export type Entry = { readonly name: string; readonly stamp: string };

/** The entries of a store whose files end in one extension. */
export type EntryFiles = {
  /** All entries below `dir`, deepest last; the store's own `.git`, `.gpg-id` and the like are none. */
  readonly below: (dir: string) => Entry[];
  /** Whether the store has an entry of this name. */
  readonly has: (dir: string, name: string) => boolean;
  /** When an entry was written last; undefined where there is none of this name. */
  readonly modifiedAt: (dir: string, name: string) => Date | undefined;
};

/** @param extension of an entry's file: `.gpg` for pass, `.age` for passage */
export function entryFiles(extension: string): EntryFiles {
  const below = (dir: string, above = ''): Entry[] =>
    read(join(dir, above)).flatMap((each) => {
      const name = above === '' ? each.name : `${above}/${each.name}`;
      if (each.isDirectory()) return each.name === '.git' || each.name === '.extensions' ? [] : below(dir, name);
      if (!each.name.endsWith(extension) || each.name === extension) return [];
      return [{ name: name.slice(0, -extension.length), stamp: stampOf(join(dir, name)) }];
    });
  const statOf = (dir: string, name: string) => statSync(join(dir, name + extension), { throwIfNoEntry: false });
  return {
    below: (dir) => below(dir),
    has: (dir, name) => statOf(dir, name)?.isFile() ?? false,
    modifiedAt: (dir, name) => statOf(dir, name)?.mtime,
  };
}

/** Which entries are items of a vault, as far as somebody has looked: entry -> its stamp then, and the answer. No secrets. */
export class Verdicts {
  readonly #file: string;
  #known: Record<string, readonly [stamp: string, isItem: boolean]>;

  /** @param file is made when there is something to remember */
  constructor(file: string) {
    this.#file = file;
    this.#known = readJson(file);
  }

  of(dir: string, { name, stamp }: Entry): boolean | undefined {
    const [seen, isItem] = this.#known[join(dir, name)] ?? [];
    return seen === stamp ? isItem : undefined;
  }

  /** Remembers what is now known of `entries`; what lies elsewhere stays, what is gone from `dir` goes. */
  keep(dir: string, entries: readonly (Entry & { readonly isItem: boolean })[]): void {
    const elsewhere = Object.entries(this.#known).filter(([path]) => !path.startsWith(`${dir}/`));
    const here = entries.map(({ name, stamp, isItem }) => [join(dir, name), [stamp, isItem] as const] as const);
    this.#known = Object.fromEntries([...elsewhere, ...here]);
    const temporary = `${this.#file}.${process.pid}`;
    makeDirectory(join(this.#file, '..'));
    writeFileSync(temporary, JSON.stringify(this.#known), { mode: 0o600 });
    renameSync(temporary, this.#file);
  }
}

function read(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function stampOf(file: string): string {
  const { mtimeMs = 0, size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return `${mtimeMs}:${size}`;
}

function readJson(file: string): Record<string, readonly [string, boolean]> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (error) {
    // Only a memory of what can be found out again.
    if (isMissing(error) || error instanceof SyntaxError) return {};
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
