import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { makeDirectory } from '../native-host/directory.ts';

const MAX_PROFILES = 50;
// Who uses a profile again and again needs no new note each time: reading is cheaper than writing.
const NOTE_AGAIN_SECONDS = 60;

type Place = { readonly stateDir: string };

/** Profiles by their last use, newest first. Names and times only; a file that is missing or damaged is an empty one. */
export function recentProfiles({ stateDir }: Place): string[] {
  return read(stateDir).map(({ profile }) => profile);
}

type Use = { readonly seconds: number; readonly profile: string };

/**
 * Remembers that a profile was used now, for the order of lists to choose from. A reader sees the old file or the new one.
 * @throws the file system's error, which is no reason to stop anything
 */
export function noteProfileUse(profile: string, { stateDir, now }: Place & { readonly now: Date }): void {
  if (profile.includes('\n')) return; // cannot be a line
  const seconds = Math.floor(now.getTime() / 1000);
  const uses = read(stateDir);
  const [latest] = uses;
  if (latest?.profile === profile && Math.abs(seconds - latest.seconds) < NOTE_AGAIN_SECONDS) return;
  const others = uses.filter((use) => use.profile !== profile);
  const lines = [{ seconds, profile }, ...others]
    .slice(0, MAX_PROFILES)
    .map((use) => `${use.seconds} ${use.profile}\n`);
  const temporary = `${file(stateDir)}.${process.pid}.new`;
  try {
    writeNew(temporary, lines.join(''), stateDir);
    renameSync(temporary, file(stateDir));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function writeNew(path: string, text: string, stateDir: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
    makeDirectory(stateDir);
    writeFileSync(path, text, { mode: 0o600 });
  }
}

function file(stateDir: string): string {
  return `${stateDir}/recent-profiles`;
}

function read(stateDir: string): Use[] {
  let text: string;
  try {
    text = readFileSync(file(stateDir), 'utf8');
  } catch {
    // Nothing used yet, or a state directory that cannot be read: either way nothing is known, and nothing depends on it.
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const blank = line.indexOf(' ');
    const seconds = Number(line.slice(0, blank));
    return blank > 0 && Number.isSafeInteger(seconds) ? [{ seconds, profile: line.slice(blank + 1) }] : [];
  });
}
