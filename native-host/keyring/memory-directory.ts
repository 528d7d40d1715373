import { lstatSync, mkdirSync, statfsSync } from 'node:fs';

type Env = Readonly<Record<string, string | undefined>>;

/** What statfs(2) calls tmpfs and ramfs: file systems that are nowhere but in memory. */
const IN_MEMORY = [0x01021994, 0x858458f6];

type Place = { readonly base: string; readonly name: string; readonly isOwn: boolean };

/**
 * A directory in memory that only this user can enter: below $XDG_RUNTIME_DIR, /run/user/UID or /dev/shm, whichever is the first
 * that is one. Undefined where there is none, as on macOS and Windows: what was meant for it is then kept nowhere.
 * `isMade`: it is made where it is missing.
 */
export function memoryDirectory(env: Env, { isMade }: { readonly isMade: boolean }): string | undefined {
  return places(env)
    .map((place) => usable(place, isMade))
    .find((dir) => dir !== undefined);
}

/** All that there are now: another shell may know another $XDG_RUNTIME_DIR. */
export function memoryDirectories(env: Env): string[] {
  return places(env).flatMap((place) => usable(place, false) ?? []);
}

function places({ XDG_RUNTIME_DIR: runtimeDir }: Env): Place[] {
  const uid = process.geteuid?.();
  if (process.platform !== 'linux' || uid === undefined) return [];
  return [
    ...(runtimeDir?.startsWith('/') ? [{ base: runtimeDir, name: 'keyturn', isOwn: true }] : []),
    { base: `/run/user/${uid}`, name: 'keyturn', isOwn: true },
    { base: '/dev/shm', name: `keyturn-${uid}`, isOwn: false }, // all users' own, as /tmp is
  ];
}

function usable({ base, name, isOwn }: Place, isMade: boolean): string | undefined {
  const dir = `${base}/${name}`;
  try {
    let found = lstatSync(dir, { throwIfNoEntry: false });
    if (found === undefined) {
      if (!isMade || !isInMemory(base) || (isOwn && lstatSync(base).uid !== process.geteuid?.())) return undefined;
      mkdirSync(dir, { mode: 0o700 });
      found = lstatSync(dir);
    }
    // Not followed if it is a link: somebody else could have put one into /dev/shm.
    const isPrivate = found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o077) === 0;
    return isPrivate && isInMemory(dir) ? dir : undefined;
  } catch {
    return undefined; // missing, forbidden, full, or made by another process this moment: as good as none
  }
}

function isInMemory(dir: string): boolean {
  return IN_MEMORY.includes(statfsSync(dir).type >>> 0);
}
