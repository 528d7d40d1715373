import type { Cli } from '../cli.ts';

/** From how many items on a count is shown: each takes as long as two guesses at the passphrase. */
const MANY = 20;

/**
 * Encrypts the file vault's items anew and says what became of them.
 * @returns 1 where an item was left behind that is still cheap to guess at, 0 otherwise
 */
export async function hardenVault({ dryRun: isDryRun }: { readonly dryRun: boolean }, cli: Cli): Promise<number> {
  const onProgress = ({ at, of }: { readonly at: number; readonly of: number }): void => {
    if (of >= MANY && (at % MANY === 0 || at === of)) cli.say(`${at} of ${of} items`);
  };
  const { rounds, items } = await cli.ask(() => cli.vault.fileVault.harden({ isDryRun, onProgress }));
  const of = (wanted: string): number => items.filter(({ state }) => state === wanted).length;
  const words = {
    hardened: (before: string) => `${before} rounds, ${isDryRun ? 'would be' : 'now'} ${rounds}`,
    unreadable: () => 'cannot be opened with this passphrase, and was left as it is',
    changed: () => 'was written by another program meanwhile, and was left; run the command again',
    strong: () => '',
  };
  for (const { key, state, before = '?' } of items) {
    if (state !== 'strong') cli.print(`${JSON.stringify(key)}: ${words[state](String(before))}\n`);
  }
  const left = of('unreadable') + of('changed');
  const done = `${isDryRun ? 'Would harden' : 'Hardened'} ${count(of('hardened'))}`;
  cli.print(
    `${done}; ${count(of('strong'))} had at least ${rounds} rounds already${left > 0 ? `, left ${left}` : ''}.\n`,
  );
  return left > 0 ? 1 : 0;
}

function count(items: number): string {
  return items === 1 ? '1 item' : `${items} items`;
}
