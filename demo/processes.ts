import fs from 'node:fs';

const PATIENCE_MS = 3_000;
const LOOK_AGAIN_MS = 20;

/** Kills every process whose home is `home`, which is the throwaway one, and waits until they are gone. */
export async function endProcesses(home: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; killProcesses(home) > 0 && Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/**
 * A browser is a family of processes that outlive its first one for a moment, and the native host is one of them. Linux
 * tells whose home they have; elsewhere they end with the browser all the same, only that nobody waits for it.
 * @returns how many there were
 */
export function killProcesses(home: string): number {
  const pids = fs.existsSync('/proc/self/environ') ? fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  const found = pids.map(Number).filter((pid) => pid !== process.pid && hasHome(pid, home));
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself between the two looks.
    }
  }
  return found.length;
}

function hasHome(pid: number, home: string): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${home}`);
  } catch {
    return false; // gone, or somebody else's
  }
}
