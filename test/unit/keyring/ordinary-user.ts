import { chownSync } from 'node:fs';

const NOBODY = 65534;

/** Root may read and write everywhere, so for root the action runs as somebody else, who is given the `paths` first. */
export async function asOrdinaryUser(paths: readonly string[], action: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return action();
  for (const path of paths) chownSync(path, NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  try {
    await action();
  } finally {
    process.seteuid?.(0);
  }
}
